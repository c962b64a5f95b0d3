//! Which addresses a webhook may have, after the IANA registries of special-purpose addresses.
//!
//! A subscriber chooses the host, the hub makes the connection: without this the hub would post to
//! services that only the hub can reach. Judged is the address that is connected to, not the name.

use super::Reach;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for, if it is not one of the public Internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Class {
    /// In words, with the source of the rule.
    words: &'static str,
    /// Whether [`Reach::Private`] allows it.
    private: bool,
}

const fn private(words: &'static str) -> Class {
    Class {
        words,
        private: true,
    }
}

const fn never(words: &'static str) -> Class {
    Class {
        words,
        private: false,
    }
}

const METADATA: Class = never("a cloud's metadata service");
const MAPPED: Class = never("an IPv4 address written as IPv6 (RFC 4291)");

/// The first that fits decides.
const V4: &[([u8; 4], u32, Class)] = &[
    ([100, 100, 100, 200], 32, METADATA),
    ([168, 63, 129, 16], 32, METADATA),
    ([0, 0, 0, 0], 8, never("unspecified (RFC 1122)")),
    ([127, 0, 0, 0], 8, private("loopback (RFC 1122)")),
    ([10, 0, 0, 0], 8, private("a private network (RFC 1918)")),
    ([172, 16, 0, 0], 12, private("a private network (RFC 1918)")),
    (
        [192, 168, 0, 0],
        16,
        private("a private network (RFC 1918)"),
    ),
    (
        [100, 64, 0, 0],
        10,
        private("shared by a carrier's customers (RFC 6598)"),
    ),
    ([169, 254, 0, 0], 16, never("link-local (RFC 3927)")),
    ([192, 0, 0, 0], 24, never("reserved (RFC 6890)")),
    ([192, 0, 2, 0], 24, never("documentation (RFC 5737)")),
    ([198, 51, 100, 0], 24, never("documentation (RFC 5737)")),
    ([203, 0, 113, 0], 24, never("documentation (RFC 5737)")),
    ([192, 88, 99, 0], 24, never("a relay of 6to4 (RFC 7526)")),
    (
        [198, 18, 0, 0],
        15,
        never("a network for measurements (RFC 2544)"),
    ),
    ([224, 0, 0, 0], 4, never("multicast (RFC 5771)")),
    ([240, 0, 0, 0], 4, never("reserved or broadcast (RFC 1112)")),
];

/// As [`V4`].
const V6: &[([u16; 8], u32, Class)] = &[
    ([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128, METADATA),
    (
        [0, 0, 0, 0, 0, 0, 0, 1],
        128,
        private("loopback (RFC 4291)"),
    ),
    ([0; 8], 128, never("unspecified (RFC 4291)")),
    ([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, MAPPED),
    ([0; 8], 96, MAPPED),
    (
        [0x64, 0xff9b, 1, 0, 0, 0, 0, 0],
        48,
        private("a local translation of IPv4 (RFC 8215)"),
    ),
    (
        [0x100, 0, 0, 0, 0, 0, 0, 0],
        64,
        never("a network that discards (RFC 6666)"),
    ),
    (
        [0x2001, 0, 0, 0, 0, 0, 0, 0],
        23,
        never("a protocol's own (RFC 2928)"),
    ),
    (
        [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0],
        32,
        never("documentation (RFC 3849)"),
    ),
    (
        [0x2002, 0, 0, 0, 0, 0, 0, 0],
        16,
        never("a tunnel of IPv4, 6to4 (RFC 3056)"),
    ),
    (
        [0x3fff, 0, 0, 0, 0, 0, 0, 0],
        20,
        never("documentation (RFC 9637)"),
    ),
    (
        [0x5f00, 0, 0, 0, 0, 0, 0, 0],
        16,
        never("a segment identifier (RFC 9602)"),
    ),
    (
        [0xfc00, 0, 0, 0, 0, 0, 0, 0],
        7,
        private("a unique local network (RFC 4193)"),
    ),
    (
        [0xfe80, 0, 0, 0, 0, 0, 0, 0],
        10,
        never("link-local (RFC 4291)"),
    ),
    (
        [0xfec0, 0, 0, 0, 0, 0, 0, 0],
        10,
        never("site-local (RFC 3879)"),
    ),
    (
        [0xff00, 0, 0, 0, 0, 0, 0, 0],
        8,
        never("multicast (RFC 4291)"),
    ),
];

/// Why no connection to an address may be made, in words that follow "is"; none: it may.
pub(super) fn refused(address: IpAddr, reach: Reach) -> Option<&'static str> {
    let class = match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => of_v6(address),
    }?;
    let allowed = class.private && reach == Reach::Private;
    (!allowed).then_some(class.words)
}

fn of_v4(address: Ipv4Addr) -> Option<Class> {
    let fits = |network: [u8; 4], length: u32| {
        (address.to_bits() ^ u32::from_be_bytes(network)).leading_zeros() >= length
    };
    let found = V4
        .iter()
        .find(|(network, length, _)| fits(*network, *length));
    found.map(|(_, _, class)| *class)
}

/// An address of a translator to IPv4 (RFC 6052) is what it is translated to.
fn of_v6(address: Ipv6Addr) -> Option<Class> {
    let bits = address.to_bits();
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() {
        return of_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    }
    let fits = |network: [u16; 8], length: u32| {
        (bits ^ Ipv6Addr::from(network).to_bits()).leading_zeros() >= length
    };
    let found = V6
        .iter()
        .find(|(network, length, _)| fits(*network, *length));
    found.map(|(_, _, class)| *class)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn why(address: &str, reach: Reach) -> Option<&'static str> {
        refused(address.parse().unwrap(), reach)
    }

    #[test]
    fn the_public_internet_is_reached_either_way() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2400:cb00::1",
            "2001:200::1",
            "64:ff9b::101:101",
        ] {
            assert_eq!(why(address, Reach::Public), None, "{address}");
            assert_eq!(why(address, Reach::Private), None, "{address}");
        }
    }

    #[test]
    fn private_networks_are_reached_only_where_the_configuration_allows_them() {
        for address in [
            "127.0.0.1",
            "127.255.255.254",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "::1",
            "fc00::1",
            "fdff::1",
            "64:ff9b:1::1",
            "64:ff9b::a00:1",
        ] {
            assert!(why(address, Reach::Public).is_some(), "{address}");
            assert_eq!(why(address, Reach::Private), None, "{address}");
        }
    }

    #[test]
    fn what_is_no_host_and_metadata_services_are_never_reached() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::ffff:8.8.8.8",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "100::1",
            "64:ff9b::a9fe:a9fe",
        ] {
            assert!(why(address, Reach::Public).is_some(), "{address}");
            assert!(why(address, Reach::Private).is_some(), "{address}");
        }
    }
}
