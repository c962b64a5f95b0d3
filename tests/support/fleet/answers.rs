//! Every answer of a hub as JSON, without what may differ between two hubs that were told the same:
//! how fresh it is, where in the log its events lie, and when the hub recorded them.

use super::asker::Asker;
use super::law;
use crate::kill::Fault;
use lienthong_contract::json;
use lienthong_contract::pb::procedure::v1::{
    GetCaseRequest, GetHorizontalRequest, GetPathStatisticsRequest, GetVerticalRequest,
    ListCasesRequest, PartyGrain,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Cases of one page of the list: small, so that there are many pages.
const PAGE: u32 = 37;
/// What may differ.
const FREE: [&str; 4] = ["freshness", "position", "recordedTime", "nextPageToken"];

/// Answers by question.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    /// JSON by the question's name.
    pub by_question: BTreeMap<String, Value>,
    /// Cases read one by one.
    pub cases: usize,
    /// Pages of the list.
    pub pages: usize,
}

/// Asks everything.
///
/// # Errors
/// What the hub answers.
pub async fn all(asker: &Asker) -> Result<Answers, Fault> {
    let mut answers = Answers::default();
    let horizontal = asker.horizontal(GetHorizontalRequest::default()).await?;
    answers.keep("GetHorizontal", "GetHorizontalResponse", &horizontal)?;
    let request = GetVerticalRequest {
        chains: 1_000,
        ..GetVerticalRequest::default()
    };
    let vertical = asker.vertical(request).await?;
    answers.keep("GetVertical", "GetVerticalResponse", &vertical)?;
    for grain in [PartyGrain::Agency, PartyGrain::Unit] {
        let request = GetPathStatisticsRequest {
            grain: grain.into(),
            ..GetPathStatisticsRequest::default()
        };
        let statistics = asker.statistics(request).await?;
        let question = format!("GetPathStatistics {}", grain.as_str_name());
        answers.keep(&question, "GetPathStatisticsResponse", &statistics)?;
    }
    law::all(asker, &mut answers).await?;
    let codes = list(asker, &mut answers).await?;
    for code in codes {
        let request = GetCaseRequest {
            code: code.clone(),
            ..GetCaseRequest::default()
        };
        let case = asker.case(request).await?;
        let case = case.ok_or_else(|| format!("{code} is listed and cannot be read"))?;
        law::of_one(asker, &mut answers, &case).await?;
        answers.keep(&format!("GetCase {code}"), "Case", &case)?;
        answers.cases += 1;
    }
    Ok(answers)
}

/// Reads the list page by page and gives the codes.
async fn list(asker: &Asker, answers: &mut Answers) -> Result<Vec<String>, Fault> {
    let mut codes = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListCasesRequest {
            page_size: PAGE,
            page_token,
            ..ListCasesRequest::default()
        };
        let page = asker.list(request).await?;
        answers.pages += 1;
        let question = format!("ListCases page {:04}", answers.pages);
        answers.keep(&question, "ListCasesResponse", &page)?;
        codes.extend(page.cases.into_iter().map(|one| one.code));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(codes);
        }
    }
}

impl Answers {
    fn keep(
        &mut self,
        question: &str,
        message: &str,
        answer: &impl prost::Message,
    ) -> Result<(), Fault> {
        self.keep_of("procedure", question, message, answer)
    }

    /// Keeps an answer of another package than `procedure`.
    pub fn keep_of(
        &mut self,
        package: &str,
        question: &str,
        message: &str,
        answer: &impl prost::Message,
    ) -> Result<(), Fault> {
        let mut value = json::of(&format!("lienthong.{package}.v1.{message}"), answer)?;
        leave_out(&mut value);
        self.by_question.insert(question.to_owned(), value);
        Ok(())
    }

    /// Where two hubs answer differently: question, and both answers; at most `most`.
    pub fn differences(&self, other: &Self, most: usize) -> Vec<String> {
        let mut questions: Vec<&String> = self.by_question.keys().collect();
        questions.extend(other.by_question.keys());
        questions.sort();
        questions.dedup();
        let differ = questions.into_iter().filter_map(|question| {
            let (one, two) = (
                self.by_question.get(question),
                other.by_question.get(question),
            );
            (one != two).then(|| format!("{question}: {}", first_difference(one, two)))
        });
        differ.take(most).collect()
    }
}

fn leave_out(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !FREE.contains(&name.as_str()));
            fields.values_mut().for_each(leave_out);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out),
        _ => {}
    }
}

/// The path to the first value that differs, with both values.
fn first_difference(one: Option<&Value>, two: Option<&Value>) -> String {
    match (one, two) {
        (Some(Value::Object(one)), Some(Value::Object(two))) => {
            let mut names: Vec<&String> = one.keys().chain(two.keys()).collect();
            names.sort();
            let name = names
                .into_iter()
                .find(|name| one.get(*name) != two.get(*name));
            name.map_or(String::new(), |name| {
                format!(".{name}{}", first_difference(one.get(name), two.get(name)))
            })
        }
        (Some(Value::Array(one)), Some(Value::Array(two))) => {
            let at = (0..one.len().max(two.len())).find(|at| one.get(*at) != two.get(*at));
            at.map_or(String::new(), |at| {
                format!("[{at}]{}", first_difference(one.get(at), two.get(at)))
            })
        }
        (one, two) => {
            let word = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
            format!(" is {} and {}", word(one), word(two))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answers(value: Value) -> Answers {
        let mut value = value;
        leave_out(&mut value);
        Answers {
            by_question: [("GetCase X".to_owned(), value)].into(),
            ..Answers::default()
        }
    }

    #[test]
    fn positions_and_recorded_times_may_differ_and_nothing_else() {
        let one = answers(
            json!({"timeline": [{"kind": "a", "position": {"offset": 1}, "recordedTime": "x"}]}),
        );
        let two = answers(
            json!({"timeline": [{"kind": "a", "position": {"offset": 9}}], "freshness": {}}),
        );
        assert_eq!(one.differences(&two, 9), Vec::<String>::new());
        let three = answers(json!({"timeline": [{"kind": "b"}]}));
        let told = one.differences(&three, 9);
        assert_eq!(told, [r#"GetCase X: .timeline[0].kind is "a" and "b""#]);
        assert_eq!(one.differences(&Answers::default(), 9).len(), 1);
    }
}
