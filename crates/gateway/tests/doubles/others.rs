//! A durable subscription that stands still, a source, a stage and a probe.

use async_trait::async_trait;
use lienthong_contract::pb::operations::v1::{ProbeLag, SourceLag, StageLag, SubscriptionLag};
use lienthong_contract::ports::{SubscriptionLags, Watched};

#[derive(Default)]
pub struct Others {
    /// Subscriptions never answer.
    pub hang: bool,
}

#[async_trait]
impl SubscriptionLags for Others {
    async fn subscription_lags(&self) -> Vec<SubscriptionLag> {
        if self.hang {
            std::future::pending::<()>().await;
        }
        vec![SubscriptionLag {
            name: "tax".to_owned(),
            status: "stalled".to_owned(),
            lag_seconds: 12.0,
            in_flight: 3,
            ..SubscriptionLag::default()
        }]
    }
}

impl Watched for Others {
    fn sources(&self, _: i64) -> Vec<SourceLag> {
        vec![SourceLag {
            source: "urn:lienthong:vn:H56:onestop".to_owned(),
            status: "reporting".to_owned(),
            ..SourceLag::default()
        }]
    }

    fn probes(&self, _: i64) -> Vec<ProbeLag> {
        vec![ProbeLag {
            route: "onestop".to_owned(),
            status: "arriving".to_owned(),
            ..ProbeLag::default()
        }]
    }

    fn stages(&self, _: i64) -> Vec<StageLag> {
        vec![StageLag::default()]
    }
}
