//! Places whose own figures were published: their catalogue goes through the catalogue service,
//! their dossiers through the adapters, and every figure has to come out of the hub, to the unit,
//! with its numerator and its denominator. Where only a rate was published the scenario says which
//! numbers it chose.
//!
//! The table of published and computed figures is printed, and kept as `e2e/published.json` in
//! cargo's target folder.

use lienthong_contract::pb::catalog::v1::catalog_service_client::CatalogServiceClient;
use lienthong_contract::pb::catalog::v1::{
    CatalogFigures, GetCatalogFiguresRequest, GetCatalogFiguresResponse,
};
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::performance::v1::performance_service_client::PerformanceServiceClient;
use lienthong_contract::pb::performance::v1::{
    DossierFilter, Figures, GetPerformanceRequest, GetPerformanceResponse, Grouping, Share,
    Unassigned,
};
use lienthong_contract::pb::procedure::v1::{GetHorizontalRequest, Level};
use lienthong_simulator::demo::{self, Endpoints};
use lienthong_simulator::published::{self, Play, Published};
use lienthong_simulator::system::System;
use lienthong_tests::hub::binary;
use lienthong_tests::instance::Instance;
use serde::Serialize;
use std::collections::BTreeSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

const SEED: u64 = 2025;
/// As fast as the hub takes them.
const RATE: u32 = 1_000_000;
/// How long a question may wait for the views to follow, milliseconds.
const PATIENCE_MS: u32 = 30_000;

/// A hub that was told a scenario.
pub struct Told {
    /// The hub.
    pub hub: Instance,
    /// Where the scenario's events are durable.
    pub positions: Vec<Position>,
}

/// Starts a hub and tells it a scenario.
pub async fn tell(which: Published) -> Told {
    let hub = Instance::start().unwrap();
    let played = published::play(which, SEED).unwrap();
    let positions = send(&hub, played).await;
    Told { hub, positions }
}

/// Applies the catalogue, then reports the events; every one must be taken.
pub async fn send(hub: &Instance, played: Play) -> Vec<Position> {
    let gateway = hub.gateway().await.unwrap();
    published::apply(gateway, &played.catalogue).await.unwrap();
    let address = format!("http://{}", hub.hub.addresses.adapters_grpc);
    let adapters = System::ALL.map(|system| (system, vec![address.parse().unwrap()]));
    let endpoints = Endpoints {
        adapters: adapters.into(),
    };
    let events = played.events.len() as u64;
    let summary = demo::send(
        endpoints,
        played.events,
        RATE,
        |_| {},
        CancellationToken::new(),
    )
    .await
    .unwrap();
    assert_eq!(summary.progress.rejected, 0);
    assert_eq!(summary.progress.acknowledged, events);
    summary.positions
}

impl Told {
    /// The questions about dossiers.
    pub async fn performance(&self) -> PerformanceServiceClient<Channel> {
        let client = PerformanceServiceClient::new(self.hub.gateway().await.unwrap());
        client.max_decoding_message_size(64 << 20)
    }

    /// Figures, checked for what must hold of any.
    pub async fn figures(&self, request: GetPerformanceRequest) -> GetPerformanceResponse {
        let request = GetPerformanceRequest {
            min_positions: self.positions.clone(),
            max_wait_ms: PATIENCE_MS,
            ..request
        };
        let mut client = self.performance().await;
        let answer = client.get_performance(request).await.unwrap().into_inner();
        let mut sum = Figures::default();
        for line in &answer.lines {
            let figures = line.figures.as_ref().unwrap();
            assert_balance(&line.key, figures);
            add(&mut sum, figures);
        }
        let total = answer.total.as_ref().unwrap();
        assert_balance("total", total);
        if !answer.lines.is_empty() {
            assert_eq!(&sum, total, "the lines and the total");
        }
        answer
    }

    async fn catalogue(&self, day: &str, from: &str, to: &str) -> GetCatalogFiguresResponse {
        let request = GetCatalogFiguresRequest {
            day: day.into(),
            from_day: from.into(),
            to_day: to.into(),
            level: String::new(),
        };
        let mut client = CatalogServiceClient::new(self.hub.gateway().await.unwrap());
        let answer = client.get_catalog_figures(request).await;
        answer.unwrap().into_inner()
    }
}

/// carried over + received = settled + withdrawn + refused + in work + paused, and so on.
fn assert_balance(what: &str, one: &Figures) {
    let open = one.in_work + one.paused;
    assert_eq!(
        one.carried_over + one.received,
        one.settled + one.withdrawn + one.refused + open,
        "{what}: {one:?}"
    );
    let settled =
        one.settled_early + one.settled_on_time + one.settled_late + one.settled_without_due;
    assert_eq!(one.settled, settled, "{what}: {one:?}");
    assert_eq!(
        one.in_work,
        one.in_work_in_time + one.in_work_overdue,
        "{what}"
    );
    let online =
        one.received_online_partial + one.received_online_full + one.received_online_unknown;
    let received = one.received_desk + online + one.received_post + one.received_other;
    assert_eq!(one.received, received, "{what}: {one:?}");
}

fn add(sum: &mut Figures, one: &Figures) {
    let plus = |sum: &mut Option<Share>, one: &Option<Share>| {
        let (before, one) = (sum.unwrap_or_default(), one.unwrap_or_default());
        *sum = Some(Share {
            numerator: before.numerator + one.numerator,
            denominator: before.denominator + one.denominator,
        });
    };
    sum.carried_over += one.carried_over;
    sum.received += one.received;
    sum.received_desk += one.received_desk;
    sum.received_online_partial += one.received_online_partial;
    sum.received_online_full += one.received_online_full;
    sum.received_online_unknown += one.received_online_unknown;
    sum.received_post += one.received_post;
    sum.received_other += one.received_other;
    sum.settled += one.settled;
    sum.settled_early += one.settled_early;
    sum.settled_on_time += one.settled_on_time;
    sum.settled_late += one.settled_late;
    sum.settled_without_due += one.settled_without_due;
    sum.withdrawn += one.withdrawn;
    sum.refused += one.refused;
    sum.in_work += one.in_work;
    sum.in_work_in_time += one.in_work_in_time;
    sum.in_work_overdue += one.in_work_overdue;
    sum.paused += one.paused;
    sum.reopened += one.reopened;
    sum.submitted_only += one.submitted_only;
    sum.ended_before_reception += one.ended_before_reception;
    plus(&mut sum.on_time, &one.on_time);
    plus(&mut sum.online, &one.online);
    plus(&mut sum.online_partial, &one.online_partial);
    plus(&mut sum.online_full, &one.online_full);
    plus(&mut sum.digitised_dossiers, &one.digitised_dossiers);
    plus(&mut sum.digitised_results, &one.digitised_results);
    plus(&mut sum.electronic_results, &one.electronic_results);
    plus(&mut sum.signed_results, &one.signed_results);
    plus(&mut sum.online_payment, &one.online_payment);
    plus(&mut sum.satisfied, &one.satisfied);
    plus(&mut sum.digitised, &one.digitised);
}

/// One figure beside what was published.
#[derive(Debug, Serialize)]
struct Row {
    place: &'static str,
    figure: &'static str,
    published: String,
    computed: String,
    numerator: u64,
    /// 0: the figure is no share.
    denominator: u64,
}

/// Figures of a place.
struct Table {
    place: &'static str,
    rows: Vec<Row>,
}

impl Table {
    fn of(place: &'static str) -> Self {
        Self {
            place,
            rows: Vec::new(),
        }
    }

    /// A number that was published as such.
    fn count(&mut self, figure: &'static str, published: u64, computed: u64) {
        self.rows.push(Row {
            place: self.place,
            figure,
            published: published.to_string(),
            computed: computed.to_string(),
            numerator: computed,
            denominator: 0,
        });
    }

    /// A share of which only the rate was published, in per cent with so many decimals; numerator
    /// and denominator must be those that the scenario chose.
    fn rate(
        &mut self,
        figure: &'static str,
        (published, decimals): (&str, usize),
        chosen: (u64, u64),
        computed: Option<Share>,
    ) {
        let Share {
            numerator,
            denominator,
        } = computed.unwrap_or_default();
        let rate = 100.0 * numerator as f64 / denominator as f64;
        self.rows.push(Row {
            place: self.place,
            figure,
            published: format!("{published} ({} of {})", chosen.0, chosen.1),
            computed: format!("{rate:.decimals$}% ({numerator} of {denominator})"),
            numerator,
            denominator,
        });
    }
}

fn of_level(unit: &str, level: Level) -> Option<DossierFilter> {
    Some(DossierFilter {
        unit_code: unit.into(),
        level: level as i32,
        ..DossierFilter::default()
    })
}

fn period(from: &str, to: &str) -> GetPerformanceRequest {
    GetPerformanceRequest {
        from_day: from.into(),
        to_day: to.into(),
        ..GetPerformanceRequest::default()
    }
}

fn at<'a>(levels: &'a [CatalogFigures], level: &str) -> &'a CatalogFigures {
    levels.iter().find(|one| one.level == level).unwrap()
}

/// A population that is all settled on time, all received in the period, would prove little.
fn assert_lifelike(one: &Figures) {
    for (what, count) in [
        ("carried over", one.carried_over),
        ("withdrawn", one.withdrawn),
        ("refused", one.refused),
        ("in work", one.in_work),
        ("paused", one.paused),
        ("on time", one.settled_on_time),
    ] {
        assert!(count > 0, "no dossier is {what}: {one:?}");
    }
}

async fn hai_ha() -> Table {
    let told = tell(Published::HaiHa).await;
    let mut table = Table::of("hai-ha-2024h1");
    let (from, to) = ("2024-01-01", "2024-06-30");
    let catalogue = told.catalogue(to, from, to).await;
    let centre = at(&catalogue.levels, "district");
    let desks = at(&catalogue.levels, "commune");
    let all = catalogue.all.as_ref().unwrap();
    let changes = catalogue.changes.as_ref().unwrap();
    table.count("procedures at the centre", 366, centre.procedures);
    table.count("fields at the centre", 57, centre.fields);
    table.count("procedures at commune desks", 122, desks.procedures);
    table.count("fields at commune desks", 28, desks.fields);
    table.count("new procedures", 8, changes.new);
    table.count("replaced procedures", 4, changes.replaced);
    table.count("amended procedures", 14, changes.amended);
    table.count("abolished procedures", 8, changes.abolished);
    table.count("interconnected procedures", 48, all.interconnected);
    table.count("of those horizontal", 16, all.horizontal);
    table.count("of those vertical", 32, all.vertical);
    // The catalogue of the year's first day is another one.
    let before = told.catalogue(from, "", "").await;
    assert_ne!(
        before.all.unwrap().interconnected,
        48,
        "an interconnected procedure was abolished in the period"
    );

    for (level, what, timely, settled) in [
        (Level::District, "settled at the centre", "not late", 12_034),
        (
            Level::Commune,
            "settled at commune desks",
            "none late",
            3_335,
        ),
    ] {
        let request = GetPerformanceRequest {
            filter: of_level("201", level),
            group_by: Grouping::Agency as i32,
            ..period(from, to)
        };
        let answer = told.figures(request).await;
        let figures = answer.total.unwrap();
        assert_lifelike(&figures);
        table.count(what, settled, figures.settled);
        table.rate(timely, ("100.00%", 2), (settled, settled), figures.on_time);
        assert_eq!(figures.settled_late, 0);
        assert_eq!(figures.in_work_overdue, 0);
        if level == Level::Commune {
            assert_eq!(answer.lines.len(), 11, "eleven communes");
            let online = ("99.85%", 2);
            table.rate("online", online, (3_341, 3_346), figures.online);
        }
    }
    table
}

async fn van_ho() -> Table {
    let told = tell(Published::VanHo).await;
    let mut table = Table::of("van-ho");
    let (from, to) = ("2024-01-01", "2024-12-31");
    let catalogue = told.catalogue(to, "", "").await;
    let all = catalogue.all.as_ref().unwrap();
    table.count("full online services", 210, all.online_full);
    let desks = at(&catalogue.levels, "commune");
    table.count("procedures at the commune desk", 127, desks.procedures);

    let figures = async |level, group_by| {
        let request = GetPerformanceRequest {
            filter: of_level("128", level),
            group_by,
            ..period(from, to)
        };
        told.figures(request).await
    };
    let district = figures(Level::District, 0).await.total.unwrap();
    assert_lifelike(&district);
    assert_eq!((district.settled_late, district.in_work_overdue), (12, 6));
    let share = district.digitised_dossiers;
    let (what, rate) = ("digitised dossiers, district", ("96.2%", 1));
    table.rate(what, rate, (1_443, 1_500), share);

    let communes = figures(Level::Commune, Grouping::Commune as i32).await;
    let named = communes.lines.iter();
    let named = named.filter(|line| line.unassigned() == Unassigned::Unspecified);
    table.count("communes", 14, named.count() as u64);
    let communes = communes.total.unwrap();
    assert_lifelike(&communes);
    let share = communes.digitised_dossiers;
    let (what, rate) = ("digitised dossiers, communes", ("94.7%", 1));
    table.rate(what, rate, (1_894, 2_000), share);

    let whole = told.figures(period(from, to)).await.total.unwrap();
    let share = whole.signed_results;
    table.rate("signed documents", ("99.65%", 2), (1_993, 2_000), share);

    let request = GetHorizontalRequest {
        level: Level::District as i32,
        ..GetHorizontalRequest::default()
    };
    let mut questions = told.hub.questions().await.unwrap();
    let horizontal = questions
        .get_horizontal(request)
        .await
        .unwrap()
        .into_inner();
    let centre = "H52.31.01";
    let specialised: BTreeSet<&str> = horizontal
        .hand_overs
        .iter()
        .filter(|cell| cell.from_agency_code == centre && cell.to_agency_code != centre)
        .map(|cell| cell.to_agency_code.as_str())
        .collect();
    table.count("specialised agencies", 12, specialised.len() as u64);
    table
}

async fn thanh_hoa() -> Table {
    let told = tell(Published::ThanhHoa).await;
    let mut table = Table::of("thanh-hoa");
    let (from, to) = ("2025-07-01", "2025-12-31");
    let catalogue = told.catalogue(to, "", "").await;
    let all = catalogue.all.as_ref().unwrap();
    let online = all.online_partial + all.online_full;
    table.count("online services", 1_805, online);
    table.count("of those partial", 900, all.online_partial);
    table.count("of those full", 905, all.online_full);

    let request = GetPerformanceRequest {
        group_by: Grouping::Commune as i32,
        filter: Some(DossierFilter {
            unit_code: "38".into(),
            ..DossierFilter::default()
        }),
        ..period(from, to)
    };
    let answer = told.figures(request).await;
    let figures = answer.total.unwrap();
    assert_lifelike(&figures);
    assert_eq!((figures.settled_late, figures.in_work_overdue), (49, 12));
    let on_time = figures.on_time;
    table.rate("before or on time", ("99.51%", 2), (9_951, 10_000), on_time);
    let what = "digitised dossiers and results";
    table.rate(what, ("93.49%", 2), (18_978, 20_300), figures.digitised);
    let electronic = figures.electronic_results;
    table.rate(
        "electronic results",
        ("96.01%", 2),
        (9_601, 10_000),
        electronic,
    );
    let partial = figures.online_partial;
    table.rate("partial online", ("93.13%", 2), (2_794, 3_000), partial);
    let full = figures.online_full;
    table.rate("full online", ("96.84%", 2), (4_842, 5_000), full);
    table
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_published_figure_comes_out_of_the_hub() {
    let mut rows = Vec::new();
    for table in [hai_ha().await, van_ho().await, thanh_hoa().await] {
        rows.extend(table.rows);
    }
    for row in &rows {
        println!(
            "{:<14} {:<30} {:>26} {:>26}",
            row.place, row.figure, row.published, row.computed
        );
    }
    keep(&rows);
    let differ: Vec<&Row> = rows
        .iter()
        .filter(|row| row.published != row.computed)
        .collect();
    assert!(differ.is_empty(), "{differ:#?}");
}

/// Keeps the table beside what cargo builds.
fn keep(rows: &[Row]) {
    let binary = binary().unwrap();
    let target = binary.ancestors().nth(2).unwrap();
    let folder = target.join("e2e");
    std::fs::create_dir_all(&folder).unwrap();
    let json = serde_json::to_vec_pretty(rows).unwrap();
    std::fs::write(folder.join("published.json"), json).unwrap();
}
