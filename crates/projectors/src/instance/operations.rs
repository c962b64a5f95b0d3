//! What an operator asks of one instance: about its own share of the views.

use super::Instance;
use crate::lanes::{view_named, views_named};
use crate::rebuild::{self, Subject};
use crate::views::View;
use crate::{diff, operations};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use lienthong_contract::pb::operations::v1::{
    DiffViewsRequest, DiffViewsResponse, ParkedDossier, RebuildProgress, VerifyViewsResponse,
    ViewLag, ViewPosition,
};
use lienthong_contract::ports::ViewOperations;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;

impl Instance {
    fn subject(&self, view: View) -> Result<Subject, Failure> {
        if !self.views().contains(&view) {
            let known: Vec<&str> = self.views().iter().map(|view| view.name()).collect();
            return Err(Failure::new(
                Reason::ViewUnknown,
                format!(
                    "this instance keeps nothing of the view {}; it keeps {}",
                    view.name(),
                    known.join(", ")
                ),
            ));
        }
        let busy = self.occupied[view as usize].occupy(view)?;
        Ok(Subject {
            view,
            running: self.hosted.running(view),
            busy,
        })
    }
}

/// Over what is kept here.
#[async_trait]
impl ViewOperations for Instance {
    async fn positions(&self) -> Vec<ViewPosition> {
        operations::positions(&self.lanes(), &self.reference)
    }

    async fn lag(&self) -> Result<Vec<ViewLag>, Failure> {
        let mut lanes = self.lanes();
        // Where one that is being opened will stand is known to the group: what it committed.
        lanes.retain(|lane| lane.is_opened());
        Ok(crate::lag::told(&lanes, self.log.as_ref()).await)
    }

    async fn parked(&self, view: &str) -> Result<Vec<ParkedDossier>, Failure> {
        operations::parked(&self.lanes(), view)
    }

    async fn rebuild(
        &self,
        view: &str,
    ) -> Result<BoxStream<'static, Result<RebuildProgress, Failure>>, Failure> {
        let subject = self.subject(view_named(view)?)?;
        let tables = self.reference.now().mappings.clone();
        rebuild::rebuild(subject, tables, &self.log, &self.stop).await
    }

    async fn verify(
        &self,
        views: &[String],
    ) -> Result<BoxStream<'static, Result<VerifyViewsResponse, Failure>>, Failure> {
        let views = views_named(views, self.views())?;
        let subjects: Result<Vec<Subject>, Failure> =
            views.into_iter().map(|view| self.subject(view)).collect();
        rebuild::verify(subjects?, &self.log, &self.stop).await
    }

    async fn diff(
        &self,
        request: DiffViewsRequest,
    ) -> Result<BoxStream<'static, Result<DiffViewsResponse, Failure>>, Failure> {
        let question = diff::Question::read(&request, self.reference.now())?;
        let subject = self.subject(View::Case)?;
        diff::diff(subject, question, &self.log, &self.stop).await
    }
}
