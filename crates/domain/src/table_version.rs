//! The version of a reference table: a fingerprint of what it says.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

/// Collects the fields of a table. Equal fields in equal order give equal versions on every
/// machine and with every compiler, for only bytes and lengths are fed in.
#[derive(Default)]
pub struct TableVersion(SipHasher24);

impl TableVersion {
    /// Adds one field; its length keeps `ab, c` apart from `a, bc`.
    pub fn field(&mut self, text: &str) {
        self.0.write(&(text.len() as u64).to_le_bytes());
        self.0.write(text.as_bytes());
    }

    /// The version: 16 lower-case hexadecimal digits.
    pub fn finish(&self) -> String {
        format!("{:016x}", self.0.finish())
    }
}
