//! Which deadline counts when.

use super::*;
use axum::body::Bytes;
use http::Version;
use http_body_util::{BodyExt, Empty, Full};
use std::time::Duration;

const OPTIONS: PortOptions = PortOptions {
    connections: 1,
    requests: 1,
    handshake: Duration::from_secs(1),
    headers: Duration::from_secs(10),
    body: Duration::from_secs(1),
    answer: Duration::from_secs(60),
    unread: Duration::from_secs(20),
    idle: Duration::from_secs(75),
    linger: Duration::from_secs(1),
    finish: Duration::from_secs(1),
};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// A body that has been delivered.
fn whole() -> Empty<Bytes> {
    Empty::new()
}

fn judge(activity: &Activity, ending: Ending) -> Verdict {
    activity.judge(Instant::now(), ending, &OPTIONS)
}

/// How long nothing is to be done if nothing happens, and what then.
async fn next(activity: &Activity, ending: Ending) -> (u64, Verdict) {
    let began = Instant::now();
    loop {
        match judge(activity, ending) {
            Verdict::Wait(until) => tokio::time::advance(until - Instant::now()).await,
            verdict => return (began.elapsed().as_secs(), verdict),
        }
    }
}

fn stopping() -> Ending {
    Ending { stopping: Some(Instant::now()), closing: None }
}

const HEADERS: Verdict = Verdict::End(Some(Cut::Headers));

#[tokio::test(start_paused = true)]
async fn the_first_headers_count_from_the_beginning() {
    let activity = Activity::begun(Instant::now());
    pass(4).await;
    activity.read();
    assert_eq!(next(&activity, Ending::default()).await, (6, HEADERS));
}

#[tokio::test(start_paused = true)]
async fn later_headers_count_from_their_first_byte() {
    let activity = Activity::begun(Instant::now());
    drop(activity.begin(Version::HTTP_11, None).delivering(whole(), false));
    pass(50).await;
    activity.read();
    pass(5).await;
    activity.read();
    assert_eq!(next(&activity, Ending::default()).await, (5, HEADERS));
}

#[tokio::test(start_paused = true)]
async fn a_connection_between_requests_is_closed_when_it_idles() {
    let activity = Activity::begun(Instant::now());
    let open = activity.begin(Version::HTTP_11, None).delivering(whole(), false);
    pass(30).await;
    drop(open);
    assert_eq!(next(&activity, Ending::default()).await, (75, Verdict::Close));
    // One that was told so and stays is ended; nobody has done wrong.
    let closing = Ending { closing: Some(Instant::now()), ..Ending::default() };
    assert_eq!(next(&activity, closing).await, (10, Verdict::End(None)));
}

#[tokio::test(start_paused = true)]
async fn what_is_read_on_http2_is_no_beginning_of_headers() {
    let activity = Activity::begun(Instant::now());
    drop(activity.begin(Version::HTTP_2, None).delivering(whole(), false));
    assert!(activity.is_http2());
    activity.read();
    assert_eq!(next(&activity, Ending::default()).await, (75, Verdict::Close));
}

#[tokio::test(start_paused = true)]
async fn the_oldest_open_request_counts() {
    let activity = Activity::begun(Instant::now());
    let first = activity.begin(Version::HTTP_2, None);
    pass(20).await;
    let second = activity.begin(Version::HTTP_2, None);
    let long = Verdict::End(Some(Cut::Answer));
    assert!(
        matches!(judge(&activity, Ending::default()), Verdict::Wait(until) if until - Instant::now() == seconds(40))
    );
    drop(first);
    assert_eq!(next(&activity, Ending::default()).await, (60, long));
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_taken_ends_the_connection_unless_some_of_it_is() {
    let activity = Activity::begun(Instant::now());
    let open = activity.begin(Version::HTTP_11, None).delivering(whole(), false);
    activity.stalled();
    pass(15).await;
    activity.stalled();
    activity.taken();
    activity.stalled();
    assert_eq!(next(&activity, Ending::default()).await, (20, Verdict::End(Some(Cut::Unread))));
    drop(open);
    activity.taken();
    assert_eq!(next(&activity, Ending::default()).await, (75, Verdict::Close));
}

#[tokio::test(start_paused = true)]
async fn what_is_written_between_requests_makes_nobody_less_idle() {
    let activity = Activity::begun(Instant::now());
    drop(activity.begin(Version::HTTP_11, None).delivering(whole(), false));
    pass(70).await;
    activity.taken();
    assert_eq!(next(&activity, Ending::default()).await, (5, Verdict::Close));
}

#[tokio::test(start_paused = true)]
async fn a_port_that_stops_waits_a_little_for_requests_on_their_way() {
    let activity = Activity::begun(Instant::now());
    drop(activity.begin(Version::HTTP_11, None).delivering(whole(), false));
    pass(30).await;
    assert_eq!(next(&activity, stopping()).await, (1, Verdict::Close));
    // Silent from the beginning is no difference.
    assert_eq!(next(&Activity::begun(Instant::now()), stopping()).await, (1, Verdict::Close));
    // An answer that has just gone out may be followed by one more request.
    let ending = stopping();
    pass(5).await;
    drop(activity.begin(Version::HTTP_11, None).delivering(whole(), false));
    assert_eq!(next(&activity, ending).await, (1, Verdict::Close));
}

#[tokio::test(start_paused = true)]
async fn a_port_that_stops_lets_headers_and_requests_finish() {
    let activity = Activity::begun(Instant::now());
    drop(activity.begin(Version::HTTP_11, None).delivering(whole(), false));
    activity.read();
    assert_eq!(next(&activity, stopping()).await, (10, HEADERS));
    let open = activity.begin(Version::HTTP_11, None);
    assert_eq!(next(&activity, stopping()).await, (60, Verdict::End(Some(Cut::Answer))));
    drop(open);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_gives_up_what_it_begins_is_ended_and_one_that_takes_answers_is_not() {
    let activity = Activity::begun(Instant::now());
    for _ in 0..1_000 {
        drop(activity.begin(Version::HTTP_2, None));
        drop(activity.begin(Version::HTTP_2, None).delivering(whole(), false));
    }
    assert!(matches!(judge(&activity, Ending::default()), Verdict::Wait(_)));
    for _ in 0..=MOST_ABANDONED / 2 {
        drop(activity.begin(Version::HTTP_2, None));
        // Answered, and the answer not taken.
        drop(activity.begin(Version::HTTP_2, None).delivering(Full::new(Bytes::from_static(b"x")), false));
    }
    assert_eq!(judge(&activity, Ending::default()), Verdict::End(Some(Cut::Abandoned)));
}

#[tokio::test]
async fn an_answer_is_taken_when_its_body_ends_and_for_head_at_once() {
    let activity = Activity::begun(Instant::now());
    let body = || Full::new(Bytes::from_static(b"x"));
    for _ in 0..1_000 {
        activity.begin(Version::HTTP_2, None).delivering(body(), false).collect().await.unwrap();
        drop(activity.begin(Version::HTTP_2, None).delivering(body(), true));
    }
    assert!(matches!(judge(&activity, Ending::default()), Verdict::Wait(_)));
}
