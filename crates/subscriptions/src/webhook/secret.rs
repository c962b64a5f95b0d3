//! What signs a webhook's requests, by Standard Webhooks 1.0.0.
//!
//! No secret is stored: each follows from the gateways' key, so that every gateway that has the key
//! can take a webhook over, and a copy of the logs does not give it away.

use crate::durable::poster::Target;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Says what the bytes are, before the base64 of them.
const PREFIX: &str = "whsec_";
/// Keeps these HMACs apart from any other use of the same key.
const PURPOSE: &str = "lienthong webhook secret 1";

/// The bytes of a secret; 24 to 64 by the specification.
#[derive(Clone)]
pub(super) struct Secret([u8; 32]);

/// The headers of a request that a receiver verifies it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed {
    /// `webhook-id`.
    pub(super) id: String,
    /// `webhook-timestamp`, seconds since the epoch.
    pub(super) timestamp: i64,
    /// `webhook-signature`.
    pub(super) signatures: String,
}

impl Secret {
    /// The secret of a generation of a target.
    pub(super) fn derive(key: &[u8], target: &Target, generation: u32) -> Self {
        let (name, incarnation) = (&target.name, target.incarnation);
        let text = format!("{PURPOSE}\n{name}\n{incarnation}\n{generation}");
        Self(hmac(key, &[text.as_bytes()]))
    }

    /// As a subscriber is told.
    pub(super) fn told(&self) -> String {
        format!("{PREFIX}{}", BASE64_STANDARD.encode(self.0))
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let content = format!("{id}.{timestamp}.");
        let signature = hmac(&self.0, &[content.as_bytes(), body]);
        format!("v1,{}", BASE64_STANDARD.encode(signature))
    }
}

/// The secrets that sign at a time: the one in force, and the one before while it still does.
pub(super) fn in_force(key: &[u8], target: &Target, now_ms: i64) -> Vec<Secret> {
    let mut secrets = vec![Secret::derive(key, target, target.generation)];
    if target.generation > 1 && now_ms < target.old_until_ms {
        secrets.push(Secret::derive(key, target, target.generation - 1));
    }
    secrets
}

/// Signs an attempt; the signatures stand in the order of the secrets.
pub(super) fn sign(secrets: &[Secret], id: String, now_ms: i64, body: &[u8]) -> Signed {
    let timestamp = now_ms.div_euclid(1_000);
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| secret.sign(&id, timestamp, body))
        .collect();
    Signed {
        id,
        timestamp,
        signatures: signatures.join(" "),
    }
}

/// The `webhook-id` of something that a target is sent: the same for every attempt, another for
/// everything else that any subscription sends to the same endpoint, and without a full stop,
/// which separates what is signed.
pub(super) fn id_of(target: &Target, what: &str) -> String {
    let life = format!("{}\n{}", target.name, target.incarnation);
    let digest = Sha256::digest(life.as_bytes());
    let life = digest
        .iter()
        .take(8)
        .fold(0, |bits: u64, byte| bits << 8 | u64::from(*byte));
    format!("msg_{life:016x}_{what}")
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of every length; that `new_from_slice` can fail is for other MACs.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of every length")
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use lienthong_contract::pb::subscription::v1::Webhook;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn target(name: &str, generation: u32) -> Target {
        Target {
            name: name.to_owned(),
            incarnation: 7,
            webhook: Webhook::default(),
            generation,
            old_until_ms: 2_000,
        }
    }

    #[test]
    fn the_example_of_the_published_libraries_is_signed_as_they_sign_it() {
        let bytes = BASE64_STANDARD
            .decode("C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
            .unwrap();
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let content = [b"msg_27UH4WbU6Z5A5EzD8u03UvzRbpk.1649367553.", &body[..]].concat();
        assert_eq!(
            BASE64_STANDARD.encode(hmac(&bytes, &[&content])),
            "tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
        );
    }

    #[test]
    fn a_secret_differs_by_name_life_and_generation_and_is_told_as_the_specification_says() {
        let secret = |target: &Target| Secret::derive(KEY, target, target.generation).told();
        let first = secret(&target("bhxh", 1));
        let bytes = BASE64_STANDARD
            .decode(first.strip_prefix("whsec_").unwrap())
            .unwrap();
        assert_eq!(bytes.len(), 32);
        let reborn = Target {
            incarnation: 8,
            ..target("bhxh", 1)
        };
        let others = [target("bhxh", 2), target("bhxh2", 1), reborn];
        assert!(others.iter().all(|other| secret(other) != first));
        assert_eq!(secret(&target("bhxh", 1)), first);
    }

    #[test]
    fn an_old_secret_signs_until_its_time_is_over_and_the_first_has_none_before_it() {
        let signatures = |generation, now_ms| {
            let secrets = in_force(KEY, &target("bhxh", generation), now_ms);
            let signed = sign(&secrets, "msg_1".to_owned(), now_ms, b"{}");
            signed.signatures.split(' ').count()
        };
        assert_eq!(signatures(2, 1_999), 2);
        assert_eq!(signatures(2, 2_000), 1);
        assert_eq!(signatures(1, 1_999), 1);
    }

    #[test]
    fn ids_of_two_subscriptions_differ_and_hold_no_full_stop() {
        let (one, other) = (id_of(&target("a.b", 1), "1"), id_of(&target("a", 1), "1"));
        assert_ne!(one, other);
        assert!(!one.contains('.'));
        assert_eq!(
            one,
            id_of(&target("a.b", 2), "1"),
            "a rotation changes no id"
        );
    }
}
