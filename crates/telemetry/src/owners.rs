//! Whose stage it is: the teams that run the parts of the hub, as the operator names them.

use std::sync::OnceLock;

/// The teams, by part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owners {
    /// Who runs the adapters.
    pub adapters: String,
    /// Who runs the event log.
    pub log: String,
    /// Who runs the projectors.
    pub projectors: String,
    /// Who runs the gateways.
    pub gateways: String,
}

impl Default for Owners {
    fn default() -> Self {
        let hub = || "hub".to_owned();
        Self {
            adapters: hub(),
            log: hub(),
            projectors: hub(),
            gateways: hub(),
        }
    }
}

static OWNERS: OnceLock<Owners> = OnceLock::new();

/// Says who they are, once, before anything is measured; a second word has no effect.
pub fn set(owners: Owners) {
    let _ = OWNERS.set(owners);
}

/// Who they are.
pub fn get() -> &'static Owners {
    OWNERS.get_or_init(Owners::default)
}
