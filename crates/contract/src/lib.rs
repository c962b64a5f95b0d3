//! The contract with the outside: code generated from `proto/`, the way between wire
//! messages and domain events, and the one catalogue of error reasons.

pub mod check;
pub mod cloudevents;
pub mod codec;
pub mod event;
pub mod json;
pub mod ports;
pub mod probe;
pub mod problem;
pub mod reason;
pub mod reference;
pub mod reflection;
pub mod status;
pub mod time;

/// Code generated from `proto/`. Documentation is that of the proto files.
#[allow(missing_docs, clippy::all, clippy::pedantic)]
pub mod pb {
    pub mod event {
        pub mod v1 {
            tonic::include_proto!("lienthong.event.v1");
        }
    }
    pub mod onestop {
        pub mod v1 {
            tonic::include_proto!("lienthong.onestop.v1");
        }
    }
    pub mod civil_status {
        pub mod v1 {
            tonic::include_proto!("lienthong.civil_status.v1");
        }
    }
    pub mod population {
        pub mod v1 {
            tonic::include_proto!("lienthong.population.v1");
        }
    }
    pub mod specialised {
        pub mod v1 {
            tonic::include_proto!("lienthong.specialised.v1");
        }
    }
    pub mod procedure {
        pub mod v1 {
            tonic::include_proto!("lienthong.procedure.v1");
        }
    }
    pub mod operations {
        pub mod v1 {
            tonic::include_proto!("lienthong.operations.v1");
        }
    }
    pub mod performance {
        pub mod v1 {
            tonic::include_proto!("lienthong.performance.v1");
        }
    }
    pub mod quality {
        pub mod v1 {
            tonic::include_proto!("lienthong.quality.v1");
        }
    }
    pub mod catalog {
        pub mod v1 {
            tonic::include_proto!("lienthong.catalog.v1");
        }
    }
    pub mod subscription {
        pub mod v1 {
            tonic::include_proto!("lienthong.subscription.v1");
            include!(concat!(
                env!("OUT_DIR"),
                "/client/lienthong.subscription.v1.rs"
            ));
            include!(concat!(
                env!("OUT_DIR"),
                "/server/lienthong.subscription.v1.rs"
            ));
        }
    }
    pub mod projection {
        pub mod v1 {
            tonic::include_proto!("lienthong.projection.v1");
        }
    }
}

/// The descriptor set of every proto file, for reflection and for JSON.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
