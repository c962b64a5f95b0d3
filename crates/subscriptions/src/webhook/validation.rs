//! The validation event: an endpoint says that it wants events by giving a challenge back.

use super::courier::Courier;
use super::request::{Endpoint, Letter, Reply, failure, meaning, post, send};
use lienthong_contract::time::now_millis;
use reqwest::Response;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The CloudEvents type of a validation event.
const TYPE: &str = "vn.lienthong.subscription.validation.v1";
/// Its source; no event of a procedure has it.
const SOURCE: &str = "urn:lienthong:hub:subscriptions";
/// How much of an answer is read, bytes.
const LONGEST: usize = 64 * 1024;

/// A validation event.
struct Question {
    challenge: String,
    letter: Letter,
}

/// Asks for the challenge; an error says in words what the endpoint did instead, and nothing of
/// what it answered.
pub(super) async fn ask(courier: &Courier, endpoint: &Endpoint) -> Result<(), String> {
    let timeout = endpoint.limits.timeout;
    let question = question(endpoint, timeout);
    let deadline = Instant::now() + timeout;
    let sent = send(courier, endpoint, question.letter).await;
    let reply = match sent {
        Ok(response) => match meaning(response.status(), response.headers()) {
            Reply::Accepted => {
                let answer = read(response, deadline, timeout).await?;
                return consents(&answer, &question.challenge);
            }
            reply => reply,
        },
        Err(reply) => reply,
    };
    Err(match reply {
        Reply::Accepted => "it answered without a body".to_owned(),
        Reply::Gone => "it answered HTTP 410, which says that it wants no events".to_owned(),
        Reply::Throttled(_) => "it asked to wait (HTTP 429 or 503); try again later".to_owned(),
        Reply::Unreachable(words) | Reply::Failed(words) => words,
    })
}

/// Whether the endpoint takes anything: as an event is posted, without asking for the challenge.
pub(super) async fn ping(courier: &Courier, endpoint: &Endpoint) -> Reply {
    let question = question(endpoint, endpoint.limits.question());
    post(courier, endpoint, question.letter).await
}

fn question(endpoint: &Endpoint, timeout: Duration) -> Question {
    let what = format!("validation_{:016x}", rand::random::<u64>());
    let challenge = format!("{:032x}", rand::random::<u128>());
    let time = jiff::Timestamp::from_millisecond(now_millis()).unwrap_or_default();
    let body = json!({
        "specversion": "1.0",
        "id": what,
        "source": SOURCE,
        "type": TYPE,
        "time": time.to_string(),
        "datacontenttype": "application/json",
        "data": { "subscription": endpoint.target.name, "challenge": challenge },
    });
    let body = body.to_string();
    let letter = Letter {
        what,
        body,
        traceparent: None,
        timeout,
    };
    Question { challenge, letter }
}

/// The answer's body.
async fn read(
    mut response: Response,
    deadline: Instant,
    timeout: Duration,
) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        let chunk = timeout_at(deadline, response.chunk()).await;
        let chunk = chunk.map_err(|_| format!("no whole answer within {} s", timeout.as_secs()))?;
        match chunk {
            Ok(Some(chunk)) if body.len() + chunk.len() > LONGEST => {
                return Err("its answer is longer than 64 KiB".to_owned());
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => {
                return Err(match failure(&error, timeout) {
                    Reply::Unreachable(words) | Reply::Failed(words) => words,
                    _ => "its answer broke off".to_owned(),
                });
            }
        }
    }
}

/// `{"challenge": "..."}`, or the challenge alone, as JSON text or plain. That it occurs somewhere
/// is not enough: a server that gives back whatever it is sent did not agree to anything.
fn consents(answer: &[u8], challenge: &str) -> Result<(), String> {
    let given = match serde_json::from_slice(answer) {
        Ok(Value::Object(fields)) => {
            fields.get("challenge").and_then(Value::as_str) == Some(challenge)
        }
        Ok(Value::String(text)) => text == challenge,
        _ => answer.trim_ascii() == challenge.as_bytes(),
    };
    let what = "it answered 2xx, but not with the challenge of the validation event; answer \
                {\"challenge\": \"...\"} with what `data.challenge` holds";
    given.then_some(()).ok_or_else(|| what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_given_back_as_json_or_alone_and_in_no_other_way() {
        let challenge = "00112233445566778899aabbccddeeff";
        let given = |answer: &str| consents(answer.as_bytes(), challenge).is_ok();
        assert!(given(&format!(
            "{{\"challenge\": \"{challenge}\", \"more\": 1}}"
        )));
        assert!(given(&format!("\"{challenge}\"")));
        assert!(given(&format!(" {challenge}\r\n")));
        let mirrored = json!({ "data": { "challenge": challenge } }).to_string();
        assert!(!given(&mirrored));
        assert!(!given(&format!("[\"{challenge}\"]")));
        assert!(!given(&format!("ok {challenge}")));
        assert!(!given("{\"challenge\": \"\"}"));
        assert!(!given(""));
    }

    #[test]
    fn a_challenge_of_digits_alone_is_a_number_to_json_and_still_given_back() {
        let challenge = "00112233445566778899001122334455";
        assert!(consents(challenge.as_bytes(), challenge).is_ok());
        let challenge = "10112233445566778899001122334455";
        assert!(consents(challenge.as_bytes(), challenge).is_ok());
    }
}
