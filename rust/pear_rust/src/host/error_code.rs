//! The error types of wasi:http/types.

use wasmtime::component::{ComponentType, Lift, Lower};

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
pub struct DnsErrorPayload {
    rcode: Option<String>,
    #[component(name = "info-code")]
    info_code: Option<u16>,
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
pub struct TlsAlertReceivedPayload {
    #[component(name = "alert-id")]
    alert_id: Option<u8>,
    #[component(name = "alert-message")]
    alert_message: Option<String>,
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
pub struct FieldSizePayload {
    #[component(name = "field-name")]
    field_name: Option<String>,
    #[component(name = "field-size")]
    field_size: Option<u32>,
}

#[derive(ComponentType, Lift, Lower, Clone, Copy, Debug, PartialEq, Eq)]
#[component(variant)]
pub enum HeaderError {
    #[component(name = "invalid-syntax")]
    InvalidSyntax,
    #[component(name = "forbidden")]
    Forbidden,
    #[component(name = "immutable")]
    Immutable,
}

macro_rules! error_code {
    ($($case:ident $(($payload:ty))? = $name:literal,)*) => {
        #[derive(ComponentType, Lift, Lower, Clone, Debug)]
        #[component(variant)]
        pub enum ErrorCode {
            $(#[component(name = $name)] $case $(($payload))?,)*
        }
        impl ErrorCode {
            /// As it is called in WIT.
            pub fn name(&self) -> &'static str {
                match self {
                    $(error_code!(@pattern $case $($payload)?) => $name,)*
                }
            }
        }
    };
    (@pattern $case:ident) => { ErrorCode::$case };
    (@pattern $case:ident $payload:ty) => { ErrorCode::$case(_) };
}

error_code! {
    DnsTimeout = "DNS-timeout",
    DnsError(DnsErrorPayload) = "DNS-error",
    DestinationNotFound = "destination-not-found",
    DestinationUnavailable = "destination-unavailable",
    DestinationIpProhibited = "destination-IP-prohibited",
    DestinationIpUnroutable = "destination-IP-unroutable",
    ConnectionRefused = "connection-refused",
    ConnectionTerminated = "connection-terminated",
    ConnectionTimeout = "connection-timeout",
    ConnectionReadTimeout = "connection-read-timeout",
    ConnectionWriteTimeout = "connection-write-timeout",
    ConnectionLimitReached = "connection-limit-reached",
    TlsProtocolError = "TLS-protocol-error",
    TlsCertificateError = "TLS-certificate-error",
    TlsAlertReceived(TlsAlertReceivedPayload) = "TLS-alert-received",
    HttpRequestDenied = "HTTP-request-denied",
    HttpRequestLengthRequired = "HTTP-request-length-required",
    HttpRequestBodySize(Option<u64>) = "HTTP-request-body-size",
    HttpRequestMethodInvalid = "HTTP-request-method-invalid",
    HttpRequestUriInvalid = "HTTP-request-URI-invalid",
    HttpRequestUriTooLong = "HTTP-request-URI-too-long",
    HttpRequestHeaderSectionSize(Option<u32>) = "HTTP-request-header-section-size",
    HttpRequestHeaderSize(Option<FieldSizePayload>) = "HTTP-request-header-size",
    HttpRequestTrailerSectionSize(Option<u32>) = "HTTP-request-trailer-section-size",
    HttpRequestTrailerSize(FieldSizePayload) = "HTTP-request-trailer-size",
    HttpResponseIncomplete = "HTTP-response-incomplete",
    HttpResponseHeaderSectionSize(Option<u32>) = "HTTP-response-header-section-size",
    HttpResponseHeaderSize(FieldSizePayload) = "HTTP-response-header-size",
    HttpResponseBodySize(Option<u64>) = "HTTP-response-body-size",
    HttpResponseTrailerSectionSize(Option<u32>) = "HTTP-response-trailer-section-size",
    HttpResponseTrailerSize(FieldSizePayload) = "HTTP-response-trailer-size",
    HttpResponseTransferCoding(Option<String>) = "HTTP-response-transfer-coding",
    HttpResponseContentCoding(Option<String>) = "HTTP-response-content-coding",
    HttpResponseTimeout = "HTTP-response-timeout",
    HttpUpgradeFailed = "HTTP-upgrade-failed",
    HttpProtocolError = "HTTP-protocol-error",
    LoopDetected = "loop-detected",
    ConfigurationError = "configuration-error",
    InternalError(Option<String>) = "internal-error",
}
