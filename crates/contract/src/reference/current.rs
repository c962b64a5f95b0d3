//! The reference data in force, shared by everything in a process.

use lienthong_domain::reference::Reference;
use std::sync::{Arc, PoisonError, RwLock};

/// A handle to the reference data in force. Whoever answers a question takes it once, so that one
/// answer is under one version.
#[derive(Debug, Clone)]
pub struct Current(Arc<RwLock<Arc<Reference>>>);

impl Current {
    /// A handle to these tables.
    pub fn new(reference: Reference) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(reference))))
    }

    /// The tables in force now.
    pub fn now(&self) -> Arc<Reference> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts other tables in force, for everyone who has this handle.
    pub fn set(&self, reference: Reference) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(reference);
    }
}
