//! A list of fields that a guest builds: names and values in one buffer.

use super::account::Account;
use super::error_code::HeaderError;
use crate::abi::FieldView;
use crate::fault::{limit, rule};
use wasmtime::Result;

#[derive(Clone, Copy)]
pub struct FieldLimits {
    pub count: usize,
    pub bytes: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    name_at: u32,
    name_len: u32,
    value_at: u32,
    value_len: u32,
}

/// Names are lower-case tokens and values are valid, always.
#[derive(Default)]
pub struct FieldList {
    text: Vec<u8>,
    entries: Vec<Entry>,
    // Of `text`, how much the entries use.
    bytes: usize,
    charged: u64,
}

/// What an edit of a list came to: an error that the guest is told. The outer Result, where there is
/// one, ends the guest.
pub type Edit = std::result::Result<(), HeaderError>;

/// For the operator, who reads them in the log.
pub const FIELDS_MAX: &str =
    "more fields in one list than limits.fields_max (raise it, or let the site make fewer)";
const FIELD_BYTES_MAX: &str = "more bytes in one list of fields than limits.field_bytes_max (raise it, or \
     let the site write less)";

const CHARGE_STEP: u64 = 1024;
/// Room that most responses need no more than.
const FIRST_TEXT: usize = 512;
const FIRST_ENTRIES: usize = 8;

impl FieldList {
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries.iter().map(|entry| (self.name(entry), self.value(entry)))
    }

    /// For handing it to the host.
    pub fn views(&self) -> Vec<FieldView> {
        self.iter().map(|(name, value)| FieldView::lend(name, value)).collect()
    }

    fn name(&self, entry: &Entry) -> &[u8] {
        &self.text[entry.name_at as usize..][..entry.name_len as usize]
    }
    fn value(&self, entry: &Entry) -> &[u8] {
        &self.text[entry.value_at as usize..][..entry.value_len as usize]
    }

    /// Appends a field as a guest gives it.
    pub fn append(&mut self, name: &[u8], value: &[u8], limits: FieldLimits) -> Result<Edit> {
        if !is_name(name) {
            return Ok(Err(HeaderError::InvalidSyntax));
        }
        if is_forbidden(name) {
            return Ok(Err(HeaderError::Forbidden));
        }
        let value = without_spaces(value);
        let number_wanted = name.eq_ignore_ascii_case(b"content-length");
        if !is_value(value) || (number_wanted && !is_number(value)) {
            return Ok(Err(HeaderError::InvalidSyntax));
        }
        if self.entries.len() >= limits.count {
            return Err(limit(FIELDS_MAX));
        }
        if self.bytes + name.len() + value.len() > limits.bytes {
            return Err(limit(FIELD_BYTES_MAX));
        }
        if self.text.len() + name.len() + value.len() > limits.bytes.saturating_mul(2) {
            self.compact();
        }
        if self.entries.is_empty() {
            self.text.reserve(FIRST_TEXT);
            self.entries.reserve(FIRST_ENTRIES);
        }
        let name_at = self.text.len();
        self.text.extend(name.iter().map(u8::to_ascii_lowercase));
        self.text.extend_from_slice(value);
        self.entries.push(Entry {
            name_at: name_at as u32,
            name_len: name.len() as u32,
            value_at: (name_at + name.len()) as u32,
            value_len: value.len() as u32,
        });
        self.bytes += name.len() + value.len();
        Ok(Ok(()))
    }

    pub fn delete(&mut self, name: &[u8]) -> Edit {
        if !is_name(name) {
            return Err(HeaderError::InvalidSyntax);
        }
        if is_forbidden(name) {
            return Err(HeaderError::Forbidden);
        }
        let text = &self.text;
        let mut gone = 0;
        self.entries.retain(|entry| {
            let its = &text[entry.name_at as usize..][..entry.name_len as usize];
            let keep = !its.eq_ignore_ascii_case(name);
            gone += if keep { 0 } else { (entry.name_len + entry.value_len) as usize };
            keep
        });
        self.bytes -= gone;
        Ok(())
    }

    /// Tells the account what the list holds by now. After each edit.
    pub fn settle(&mut self, account: &mut Account) -> Result<()> {
        let held = self.text.capacity() + self.entries.capacity() * size_of::<Entry>();
        if held as u64 > self.charged {
            let more = (held as u64).next_multiple_of(CHARGE_STEP) - self.charged;
            account.charge(more)?;
            self.charged += more;
        }
        Ok(())
    }

    pub fn release(self, account: &mut Account) {
        account.release(self.charged);
    }

    /// The number in content-length. Fails when it stands there with two values.
    pub fn content_length(&self) -> Result<Option<u64>> {
        let mut found = None;
        for (_, value) in self.iter().filter(|(name, _)| *name == b"content-length") {
            let length = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
            let Some(length) = length else { return Err(rule("a content-length is too large")) };
            if found.is_some() {
                return Err(rule("a response with more than one content-length"));
            }
            found = Some(length);
        }
        Ok(found)
    }

    fn compact(&mut self) {
        let mut text = Vec::with_capacity(self.bytes);
        for entry in &mut self.entries {
            let at = text.len() as u32;
            text.extend_from_slice(&self.text[entry.name_at as usize..][..entry.name_len as usize]);
            text.extend_from_slice(
                &self.text[entry.value_at as usize..][..entry.value_len as usize],
            );
            (entry.name_at, entry.value_at) = (at, at + entry.name_len);
        }
        self.text = text;
    }
}

/// token of RFC 9110, section 5.6.2.
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let special = matches!(
            byte as u8,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        );
        table[byte] = special || (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

pub fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| TOKEN[*byte as usize])
}

/// field-value of RFC 9110, section 5.5.
pub fn is_value(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..))
}

/// Without the spaces and tabs around a value, which are not a part of it.
fn without_spaces(value: &[u8]) -> &[u8] {
    let inside = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let start = value.iter().position(inside).unwrap_or(value.len());
    let end = value.iter().rposition(inside).map_or(start, |last| last + 1);
    &value[start..end]
}

fn is_number(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(u8::is_ascii_digit)
}

/// Fields of the connection and of the server, which no guest sets.
pub fn is_forbidden(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 9] = [
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"transfer-encoding",
        b"upgrade",
        b"host",
        b"http2-settings",
    ];
    // The first letter tells most names apart.
    matches!(
        name.first().map(u8::to_ascii_lowercase),
        Some(b'c' | b'k' | b'p' | b't' | b'u' | b'h')
    ) && NAMES.iter().any(|forbidden| name.eq_ignore_ascii_case(forbidden))
}
