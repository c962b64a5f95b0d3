//! Faults of what a caller asks.

use super::{Ended, Row, Send, Told};
use lienthong_contract::pb::event::v1::{Position, parked_released::Decision};
use lienthong_contract::pb::operations::v1::{
    GetRejectedRequest, ListParkedRequest, ListRejectedRequest, RebuildViewRequest,
    ReleaseParkedRequest, VerifyViewsRequest,
};
use lienthong_contract::pb::procedure::v1::{
    GetCaseRequest, GetHorizontalRequest, GetPathStatisticsRequest, GetVerticalRequest,
    ListCasesRequest,
};
use lienthong_tests::instance::Instance;
use prost_types::Timestamp;

fn malformed(field: &str) -> Told {
    Told::new("INVALID_ARGUMENT", "REQUEST_MALFORMED", &[field])
}

async fn get_case(hub: &Instance, request: GetCaseRequest) -> Ended {
    hub.questions().await?.get_case(request).await.map(drop)
}

fn case(name: &'static str, code: &'static str, expect: Told) -> Row {
    let request = GetCaseRequest {
        code: code.into(),
        ..GetCaseRequest::default()
    };
    Row {
        name,
        send: Send::Call(
            "GetCase",
            Box::new(move |hub| Box::pin(get_case(hub, request.clone()))),
        ),
        expect,
    }
}

fn waiting_case(name: &'static str, positions: Vec<Position>, wait: u32, expect: Told) -> Row {
    let request = GetCaseRequest {
        code: "H56.15.03-261008-0001".into(),
        min_positions: positions,
        max_wait_ms: wait,
        ..GetCaseRequest::default()
    };
    Row {
        name,
        send: Send::Call(
            "GetCase",
            Box::new(move |hub| Box::pin(get_case(hub, request.clone()))),
        ),
        expect,
    }
}

fn cases(name: &'static str, request: ListCasesRequest, field: &str) -> Row {
    Row {
        name,
        send: Send::Call(
            "ListCases",
            Box::new(move |hub| {
                let request = request.clone();
                Box::pin(async move { hub.questions().await?.list_cases(request).await.map(drop) })
            }),
        ),
        expect: malformed(field),
    }
}

fn horizontal(name: &'static str, request: GetHorizontalRequest, field: &str) -> Row {
    Row {
        name,
        send: Send::Call(
            "GetHorizontal",
            Box::new(move |hub| {
                let request = request.clone();
                Box::pin(async move {
                    hub.questions()
                        .await?
                        .get_horizontal(request)
                        .await
                        .map(drop)
                })
            }),
        ),
        expect: malformed(field),
    }
}

fn vertical(name: &'static str, request: GetVerticalRequest, field: &str) -> Row {
    Row {
        name,
        send: Send::Call(
            "GetVertical",
            Box::new(move |hub| {
                let request = request.clone();
                Box::pin(
                    async move { hub.questions().await?.get_vertical(request).await.map(drop) },
                )
            }),
        ),
        expect: malformed(field),
    }
}

fn paths(name: &'static str, request: GetPathStatisticsRequest, field: &str) -> Row {
    Row {
        name,
        send: Send::Call(
            "GetPathStatistics",
            Box::new(move |hub| {
                let request = request.clone();
                Box::pin(async move {
                    hub.questions()
                        .await?
                        .get_path_statistics(request)
                        .await
                        .map(drop)
                })
            }),
        ),
        expect: malformed(field),
    }
}

pub fn rows() -> Vec<Row> {
    let mut rows = of_cases();
    rows.extend(of_sums());
    rows.extend(of_operators());
    rows
}

fn of_cases() -> Vec<Row> {
    let at = |partition, offset| Position { partition, offset };
    vec![
        case("a case of no code", "", malformed("code")),
        case("a case code with blanks", "not a code", malformed("code")),
        case(
            "a case code of 60 characters",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            malformed("code"),
        ),
        case(
            "a case that nobody has told of",
            "LT-UNKNOWN",
            Told::new("NOT_FOUND", "CASE_NOT_FOUND", &[]),
        ),
        waiting_case(
            "waiting for a partition that does not exist",
            vec![at(99, 0)],
            100,
            malformed("min_positions[0].partition"),
        ),
        waiting_case(
            "waiting for half an hour",
            Vec::new(),
            1_800_000,
            malformed("max_wait_ms"),
        ),
        waiting_case(
            "waiting for an offset that is not written yet",
            vec![at(0, u64::MAX - 1)],
            50,
            Told::new("UNAVAILABLE", "VIEW_NOT_CAUGHT_UP", &[]),
        ),
        cases(
            "a page of 1,001 cases",
            ListCasesRequest {
                page_size: 1_001,
                ..ListCasesRequest::default()
            },
            "page_size",
        ),
        cases(
            "a page token made up",
            ListCasesRequest {
                page_token: "made up".into(),
                ..ListCasesRequest::default()
            },
            "page_token",
        ),
        cases(
            "cases of class 77",
            ListCasesRequest {
                interconnection_class: 77,
                ..ListCasesRequest::default()
            },
            "interconnection_class",
        ),
        cases(
            "cases held by an agency's name",
            ListCasesRequest {
                holder_agency_code: "Sở Tư pháp".into(),
                ..ListCasesRequest::default()
            },
            "holder_agency_code",
        ),
    ]
}

fn of_sums() -> Vec<Row> {
    let moments = |moments: Vec<Timestamp>| GetPathStatisticsRequest {
        as_of_times: moments,
        ..GetPathStatisticsRequest::default()
    };
    let now = Timestamp {
        seconds: 1_791_421_200,
        nanos: 0,
    };
    let bad = Timestamp {
        seconds: 1_791_421_200,
        nanos: -5,
    };
    vec![
        horizontal(
            "the ninth level",
            GetHorizontalRequest {
                level: 9,
                ..GetHorizontalRequest::default()
            },
            "level",
        ),
        horizontal(
            "a province's name in place of its code",
            GetHorizontalRequest {
                province_code: "Thanh Hóa".into(),
                ..GetHorizontalRequest::default()
            },
            "province_code",
        ),
        vertical(
            "a procedure's name in place of its code",
            GetVerticalRequest {
                procedure_code: "birth".into(),
                ..GetVerticalRequest::default()
            },
            "procedure_code",
        ),
        vertical(
            "1,001 chains",
            GetVerticalRequest {
                chains: 1_001,
                ..GetVerticalRequest::default()
            },
            "chains",
        ),
        paths("101 moments", moments(vec![now; 101]), "as_of_times"),
        paths(
            "a moment with negative nanoseconds",
            moments(vec![now, bad]),
            "as_of_times[1]",
        ),
        paths(
            "statistics by grain 9",
            GetPathStatisticsRequest {
                grain: 9,
                ..GetPathStatisticsRequest::default()
            },
            "grain",
        ),
        paths(
            "statistics of a source that is no URN",
            GetPathStatisticsRequest {
                source: "motcua".into(),
                ..GetPathStatisticsRequest::default()
            },
            "source",
        ),
    ]
}

fn of_operators() -> Vec<Row> {
    let unknown_view = || Told::new("INVALID_ARGUMENT", "VIEW_UNKNOWN", &[]);
    let row = |name, method, call, expect| Row {
        name,
        send: Send::Call(method, call),
        expect,
    };
    let release = |decision| ReleaseParkedRequest {
        key: "LT-1".into(),
        parked_offset: 1,
        decision,
    };
    let (undecided, decided) = (release(0), release(Decision::Skip as i32));
    vec![
        row(
            "parked dossiers of an unknown view",
            "ListParked",
            Box::new(|hub| {
                let request = ListParkedRequest {
                    view: "weather".into(),
                };
                Box::pin(
                    async move { hub.operations().await?.list_parked(request).await.map(drop) },
                )
            }),
            unknown_view(),
        ),
        row(
            "a rebuild of an unknown view",
            "RebuildView",
            Box::new(|hub| {
                let request = RebuildViewRequest {
                    view: "weather".into(),
                };
                Box::pin(async move {
                    hub.operations()
                        .await?
                        .rebuild_view(request)
                        .await
                        .map(drop)
                })
            }),
            unknown_view(),
        ),
        row(
            "a verification of an unknown view",
            "VerifyViews",
            Box::new(|hub| {
                let request = VerifyViewsRequest {
                    views: vec!["weather".into()],
                };
                Box::pin(async move {
                    hub.operations()
                        .await?
                        .verify_views(request)
                        .await
                        .map(drop)
                })
            }),
            unknown_view(),
        ),
        row(
            "a release without a decision",
            "ReleaseParked",
            Box::new(move |hub| {
                let request = undecided.clone();
                Box::pin(async move {
                    hub.operations()
                        .await?
                        .release_parked(request)
                        .await
                        .map(drop)
                })
            }),
            malformed("decision"),
        ),
        row(
            "a release of what is not parked",
            "ReleaseParked",
            Box::new(move |hub| {
                let request = decided.clone();
                Box::pin(async move {
                    hub.operations()
                        .await?
                        .release_parked(request)
                        .await
                        .map(drop)
                })
            }),
            Told::new("NOT_FOUND", "PARKED_NOT_FOUND", &[]),
        ),
        row(
            "a rejected message of no number",
            "GetRejected",
            Box::new(|hub| {
                let request = GetRejectedRequest { number: 999_999 };
                Box::pin(async move { hub.rejected().await?.get_rejected(request).await.map(drop) })
            }),
            Told::new("NOT_FOUND", "REJECTED_NOT_FOUND", &[]),
        ),
        row(
            "a page of 1,001 rejected messages",
            "ListRejected",
            Box::new(|hub| {
                let request = ListRejectedRequest {
                    page_size: 1_001,
                    ..ListRejectedRequest::default()
                };
                Box::pin(
                    async move { hub.rejected().await?.list_rejected(request).await.map(drop) },
                )
            }),
            malformed("page_size"),
        ),
        row(
            "questions sent to the adapters' port",
            "GetCase",
            Box::new(|hub| {
                Box::pin(async move {
                    use lienthong_contract::pb::procedure::v1::procedure_query_service_client as to;
                    let channel = hub.adapters().await?;
                    let mut client = to::ProcedureQueryServiceClient::new(channel);
                    client.get_case(GetCaseRequest::default()).await.map(drop)
                })
            }),
            Told::new("UNIMPLEMENTED", "", &[]),
        ),
    ]
}
