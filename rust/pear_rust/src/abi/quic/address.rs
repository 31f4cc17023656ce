//! Addresses, as C++ and as system calls have them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PearAddress {
    ip: [u8; 16],
    scope: u32,
    port: u16,
    v6: bool,
}

impl From<SocketAddr> for PearAddress {
    fn from(address: SocketAddr) -> PearAddress {
        let mut out = PearAddress { ip: [0; 16], scope: 0, port: address.port(), v6: false };
        match address {
            SocketAddr::V4(v4) => out.ip[..4].copy_from_slice(&v4.ip().octets()),
            SocketAddr::V6(v6) => {
                out.ip = v6.ip().octets();
                out.scope = v6.scope_id();
                out.v6 = true;
            }
        }
        out
    }
}

impl From<PearAddress> for SocketAddr {
    fn from(address: PearAddress) -> SocketAddr {
        if address.v6 {
            let ip = Ipv6Addr::from(address.ip);
            return SocketAddrV6::new(ip, address.port, 0, address.scope).into();
        }
        let [a, b, c, d, ..] = address.ip;
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), address.port)
    }
}

/// The same for system calls.
pub union SystemAddress {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

impl SystemAddress {
    pub fn of(address: &PearAddress) -> (SystemAddress, libc::socklen_t) {
        let port = address.port.to_be();
        if address.v6 {
            let v6 = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: port,
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: address.ip },
                sin6_scope_id: address.scope,
            };
            return (SystemAddress { v6 }, size_of::<libc::sockaddr_in6>() as libc::socklen_t);
        }
        let [a, b, c, d, ..] = address.ip;
        let v4 = libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: port,
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([a, b, c, d]) },
            sin_zero: [0; 8],
        };
        (SystemAddress { v4 }, size_of::<libc::sockaddr_in>() as libc::socklen_t)
    }
}
