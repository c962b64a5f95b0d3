//! Answers calls: here if this gateway keeps the subscription, otherwise by passing them on.

mod change;
mod look;
mod make;
mod take;

use super::actor::Command;
use super::calls::{From, Said, Told};
use super::keeper::{Office, Place};
use super::peers::{Peer, Peers, moving, passed};
use super::{Durable, check};
use lienthong_contract::codec::Encoded;
use lienthong_contract::pb::subscription::v1::{
    AcknowledgeRequest, AcknowledgeResponse, CreateSubscriptionRequest, CreateSubscriptionResponse,
    DeleteSubscriptionRequest, DeleteSubscriptionResponse, FetchRequest, GetManifestRequest,
    GetManifestResponse, GetSubscriptionRequest, GetSubscriptionResponse, ListParkedCasesRequest,
    ListParkedCasesResponse, ListSubscriptionsRequest, ListSubscriptionsResponse,
    MoveSubscriptionRequest, MoveSubscriptionResponse, Open, PauseSubscriptionRequest,
    PauseSubscriptionResponse, ReadRangeRequest, ReleaseParkedCaseRequest,
    ReleaseParkedCaseResponse, ResumeSubscriptionRequest, ResumeSubscriptionResponse,
    RotateWebhookSecretRequest, RotateWebhookSecretResponse,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tonic::{Response, Status};

/// Who answers about a name.
enum Keeper<'a> {
    Here(Arc<Office>),
    There(Reached<'a>),
}

/// Another gateway, and who explains its refusals.
struct Reached<'a> {
    peer: Peer,
    peers: &'a Peers,
}

impl Reached<'_> {
    async fn told<T>(&self, answer: Result<Response<T>, Status>) -> Result<T, Status> {
        self.bare(answer.map(Response::into_inner)).await
    }

    async fn bare<T>(&self, answer: Result<T, Status>) -> Result<T, Status> {
        match answer {
            Ok(answer) => Ok(answer),
            Err(refused) => Err(self.peers.told(refused).await),
        }
    }
}

/// A subscription that is kept here.
struct Kept {
    office: Arc<Office>,
    ask: mpsc::Sender<Command>,
}

impl Kept {
    /// Asks the subscription's task.
    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Failure> {
        ask(&self.ask, command).await
    }
}

/// Asks a subscription's task; one that ends meanwhile is moving.
async fn ask<T>(
    task: &mpsc::Sender<Command>,
    command: impl FnOnce(oneshot::Sender<T>) -> Command,
) -> Result<T, Failure> {
    let (reply, answer) = oneshot::channel();
    let gone = || moving("its gateway has just left it");
    task.send(command(reply)).await.map_err(|_| gone())?;
    answer.await.map_err(|_| gone())
}

impl Durable {
    fn lane_of(&self, name: &str) -> u32 {
        self.context.handles.log.partition_of(name.as_bytes())
    }

    fn place(&self, name: &str) -> Option<&Arc<Place>> {
        self.places.get(self.lane_of(name) as usize)
    }

    /// Who keeps the lane of a name, whether there is such a subscription or not.
    async fn keeper(&self, name: &str, from: From) -> Result<Keeper<'_>, Failure> {
        if let Some(office) = self.place(name).and_then(|place| place.office()) {
            return Ok(Keeper::Here(office));
        }
        match (&self.peers, from) {
            (Some(peers), From::Client) => {
                let peer = peers.keeper(self.lane_of(name)).await?;
                Ok(Keeper::There(Reached { peer, peers }))
            }
            (Some(_), From::Gateway) => Err(moving("this gateway does not keep it")),
            (None, _) => Err(moving("this gateway is about to keep it, or goes down")),
        }
    }
}

/// A subscription of an office.
fn kept(office: Arc<Office>, name: &str) -> Result<Kept, Failure> {
    let there = office.lane.folded().lane.subscriptions.contains_key(name);
    match office.serving(name) {
        Some(ask) if there => Ok(Kept { office, ask }),
        None if there => Err(moving("its gateway is about to serve it, or cannot")),
        Some(_) | None => Err(not_found(name)),
    }
}

fn not_found(name: &str) -> Failure {
    let message = format!("there is no durable subscription {name}");
    Failure::new(Reason::SubscriptionNotFound, message)
}

/// The calls: names, messages and errors are those of the proto file.
impl Durable {
    pub(crate) async fn create(
        &self,
        request: CreateSubscriptionRequest,
        from: From,
    ) -> Result<CreateSubscriptionResponse, Status> {
        let name = self.check_new(&request)?;
        match self.keeper(&name, from).await? {
            Keeper::Here(office) => Ok(self.make(office, request).await?),
            Keeper::There(at) => {
                let answer = at.peer.client().create_subscription(passed(request)).await;
                at.told(answer).await
            }
        }
    }

    pub(crate) async fn get(
        &self,
        request: GetSubscriptionRequest,
        from: From,
    ) -> Result<GetSubscriptionResponse, Status> {
        check::name("name", &request.name)?;
        match self.keeper(&request.name, from).await? {
            Keeper::Here(office) => {
                let status = Some(self.status(&kept(office, &request.name)?).await?);
                Ok(GetSubscriptionResponse { status })
            }
            Keeper::There(at) => {
                let answer = at.peer.client().get_subscription(passed(request)).await;
                at.told(answer).await
            }
        }
    }

    pub(crate) async fn list(
        &self,
        request: ListSubscriptionsRequest,
        from: From,
    ) -> Result<ListSubscriptionsResponse, Status> {
        let mut statuses = self.all().await?;
        if let (Some(peers), From::Client) = (&self.peers, from) {
            for peer in peers.others().await? {
                let at = Reached { peer, peers };
                let answer = at.peer.client().list_subscriptions(passed(request)).await;
                statuses.extend(at.told(answer).await?.statuses);
            }
            statuses = self.complete(statuses)?;
        }
        Ok(ListSubscriptionsResponse { statuses })
    }

    pub(crate) async fn pause(
        &self,
        request: PauseSubscriptionRequest,
        from: From,
    ) -> Result<PauseSubscriptionResponse, Status> {
        check::name("name", &request.name)?;
        match self.keeper(&request.name, from).await? {
            Keeper::Here(office) => {
                let status = Some(self.pause_here(kept(office, &request.name)?).await?);
                Ok(PauseSubscriptionResponse { status })
            }
            Keeper::There(at) => {
                let answer = at.peer.client().pause_subscription(passed(request)).await;
                at.told(answer).await
            }
        }
    }

    pub(crate) async fn resume(
        &self,
        request: ResumeSubscriptionRequest,
        from: From,
    ) -> Result<ResumeSubscriptionResponse, Status> {
        check::name("name", &request.name)?;
        match self.keeper(&request.name, from).await? {
            Keeper::Here(office) => {
                let status = Some(self.resume_here(kept(office, &request.name)?).await?);
                Ok(ResumeSubscriptionResponse { status })
            }
            Keeper::There(at) => {
                let answer = at.peer.client().resume_subscription(passed(request)).await;
                at.told(answer).await
            }
        }
    }

    pub(crate) async fn move_to(
        &self,
        request: MoveSubscriptionRequest,
        from: From,
    ) -> Result<MoveSubscriptionResponse, Status> {
        check::name("name", &request.name)?;
        let start = check::required_start(request.start.as_ref())?.clone();
        match self.keeper(&request.name, from).await? {
            Keeper::Here(office) => {
                let kept = kept(office, &request.name)?;
                let status = Some(self.move_here(kept, &start).await?);
                Ok(MoveSubscriptionResponse { status })
            }
            Keeper::There(at) => {
                let answer = at.peer.client().move_subscription(passed(request)).await;
                at.told(answer).await
            }
        }
    }

    pub(crate) async fn delete(
        &self,
        request: DeleteSubscriptionRequest,
        from: From,
    ) -> Result<DeleteSubscriptionResponse, Status> {
        check::name("name", &request.name)?;
        match self.keeper(&request.name, from).await? {
            Keeper::Here(office) => Ok(self.delete_here(kept(office, &request.name)?).await?),
            Keeper::There(at) => {
                let answer = at.peer.client().delete_subscription(passed(request)).await;
                at.told(answer).await
            }
        }
    }

    pub(crate) async fn consume(&self, open: Open, said: Said, from: From) -> Result<Told, Status> {
        check::open(&open)?;
        match self.keeper(&open.name, from).await? {
            Keeper::Here(office) => {
                let kept = kept(office, &open.name)?;
                Ok(self.consume_here(kept, open, said).await?)
            }
            Keeper::There(at) => {
                let told = at.bare(at.peer.consume(open, said).await).await?;
                Ok(self.until_shutdown(told))
            }
        }
    }

    pub(crate) async fn fetch(&self, request: FetchRequest, from: From) -> Result<Encoded, Status> {
        check::fetch(&request)?;
        match self.keeper(&request.name, from).await? {
            Keeper::Here(office) => {
                let kept = kept(office, &request.name)?;
                Ok(self.fetch_here(kept, request).await?)
            }
            Keeper::There(at) => at.bare(at.peer.fetch(request).await).await,
        }
    }

    pub(crate) async fn acknowledge(
        &self,
        request: AcknowledgeRequest,
        from: From,
    ) -> Result<AcknowledgeResponse, Status> {
        check::name("name", &request.name)?;
        let told = request.acknowledgements.clone().unwrap_or_default();
        check::acknowledgements(&told, "acknowledgements.")?;
        match self.keeper(&request.name, from).await? {
            Keeper::Here(office) => {
                let kept = kept(office, &request.name)?;
                Ok(self.acknowledge_here(kept, told).await?)
            }
            Keeper::There(at) => {
                let answer = at.peer.client().acknowledge(passed(request)).await;
                at.told(answer).await
            }
        }
    }

    pub(crate) async fn parked(
        &self,
        request: ListParkedCasesRequest,
        from: From,
    ) -> Result<ListParkedCasesResponse, Status> {
        check::name("name", &request.name)?;
        let most = check::most_cases(request.max_cases)?;
        match self.keeper(&request.name, from).await? {
            Keeper::Here(office) => {
                Ok(self.parked_here(kept(office, &request.name)?, most).await?)
            }
            Keeper::There(at) => {
                let answer = at.peer.client().list_parked_cases(passed(request)).await;
                at.told(answer).await
            }
        }
    }

    pub(crate) async fn release(
        &self,
        request: ReleaseParkedCaseRequest,
        from: From,
    ) -> Result<ReleaseParkedCaseResponse, Status> {
        check::name("name", &request.name)?;
        let (which, decision) = check::release(&request)?;
        match self.keeper(&request.name, from).await? {
            Keeper::Here(office) => {
                let kept = kept(office, &request.name)?;
                Ok(self.release_here(kept, which, decision).await?)
            }
            Keeper::There(at) => {
                let answer = at.peer.client().release_parked_case(passed(request)).await;
                at.told(answer).await
            }
        }
    }

    pub(crate) async fn read_range(
        &self,
        request: ReadRangeRequest,
        from: From,
    ) -> Result<Told, Status> {
        check::range(&request)?;
        match self.keeper(&request.name, from).await? {
            Keeper::Here(office) => Ok(self.range_here(office, &request)?),
            Keeper::There(at) => at.bare(at.peer.read_range(request).await).await,
        }
    }

    pub(crate) async fn manifest(
        &self,
        request: GetManifestRequest,
        from: From,
    ) -> Result<GetManifestResponse, Status> {
        check::name("name", &request.name)?;
        match self.keeper(&request.name, from).await? {
            Keeper::Here(office) => Ok(self.manifest_here(office, &request)?),
            Keeper::There(at) => {
                let answer = at.peer.client().get_manifest(passed(request)).await;
                at.told(answer).await
            }
        }
    }

    pub(crate) async fn rotate_secret(
        &self,
        request: RotateWebhookSecretRequest,
        from: From,
    ) -> Result<RotateWebhookSecretResponse, Status> {
        check::name("name", &request.name)?;
        let overlap = check::overlap(request.overlap_s)?;
        match self.keeper(&request.name, from).await? {
            Keeper::Here(office) => {
                let kept = kept(office, &request.name)?;
                Ok(self.rotate_here(kept, overlap).await?)
            }
            Keeper::There(at) => {
                let answer = at
                    .peer
                    .client()
                    .rotate_webhook_secret(passed(request))
                    .await;
                at.told(answer).await
            }
        }
    }
}
