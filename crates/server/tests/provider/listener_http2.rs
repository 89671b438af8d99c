//! HTTP/2 as nobody in good faith speaks it: streams begun and given up, too many of them, headers without end or measure, answers that
//! are not taken, and silence.

use crate::support::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, Frames, GOAWAY, HEADERS, Listening, PING, RST_STREAM,
    SETTINGS, literal, request,
};
use nauthera_server::listen::{Cut, PortOptions};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

const ENHANCE_YOUR_CALM: u32 = 11;
const REFUSED_STREAM: u32 = 7;
const CANCEL: [u8; 4] = 8_u32.to_be_bytes();
const JWKS: &str = "/oauth2/jwks";
const TOKEN: &str = "/oauth2/token";

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn get(stream: u32) -> Frame {
    Frame::new(HEADERS, END_HEADERS | END_STREAM, stream, request("GET", JWKS))
}

/// A request whose body is to follow.
fn post(stream: u32) -> Frame {
    Frame::new(HEADERS, END_HEADERS, stream, request("POST", TOKEN))
}

fn calmed(frames: &[Frame]) -> bool {
    frames.iter().any(|frame| frame.kind == GOAWAY && frame.code() == ENHANCE_YOUR_CALM)
}

#[tokio::test]
async fn a_request_is_answered() {
    let server = Listening::start();
    let mut frames = Frames::connect(&server, &[]).await;
    frames.send(get(1)).await;
    while let Some(frame) = frames.next().await {
        if frame.kind == DATA && frame.flags & END_STREAM != 0 {
            return;
        }
    }
    panic!("no answer");
}

#[tokio::test]
async fn streams_that_are_reset_as_soon_as_they_begin_end_the_connection() {
    let server = Listening::start();
    let mut frames = Frames::connect(&server, &[]).await;
    let mut flood = Vec::new();
    for stream in (1..20_000).step_by(2) {
        flood.extend(get(stream).bytes());
        flood.extend(Frame::new(RST_STREAM, 0, stream, CANCEL).bytes());
    }
    // Nobody takes all of it.
    let _ = timeout(seconds(10), frames.writer.write_all(&flood)).await;
    let told = timeout(seconds(10), frames.rest()).await.unwrap();
    assert!(calmed(&told) || server.tally.cuts(Cut::Abandoned) == 1, "{told:?}");
}

#[tokio::test]
async fn requests_that_are_given_up_again_and_again_end_the_connection() {
    let server = Listening::start();
    let mut frames = Frames::connect(&server, &[]).await;
    let mut given_up = 0;
    for stream in (1..2_000).step_by(2) {
        // It is at work before it is given up: the library's own bound on streams that nobody has looked at does not count it.
        frames.send(post(stream)).await;
        if frames.settle().await.is_none() {
            break;
        }
        frames.send(Frame::new(RST_STREAM, 0, stream, CANCEL)).await;
        given_up += 1;
    }
    assert!((100..=110).contains(&given_up), "{given_up}");
    assert_eq!(server.tally.cuts(Cut::Abandoned), 1);
}

#[tokio::test]
async fn more_streams_than_allowed_are_refused_one_by_one() {
    let server = Listening::start();
    let mut frames = Frames::connect(&server, &[]).await;
    let hello = frames.next().await.unwrap();
    // MAX_CONCURRENT_STREAMS (3) is said at once.
    let allowed = hello.payload.chunks(6).find(|setting| setting[..2] == [0, 3]).unwrap();
    assert_eq!((hello.kind, &allowed[2..]), (SETTINGS, &128_u32.to_be_bytes()[..]));
    for stream in (1..400).step_by(2) {
        frames.send(post(stream)).await;
    }
    let mut refused = 0;
    while refused < 72 {
        let frame = timeout(seconds(10), frames.next()).await.unwrap().unwrap();
        if frame.kind == RST_STREAM && frame.code() == REFUSED_STREAM {
            refused += 1;
            assert!(frame.stream > 256, "{frame:?}");
        }
    }
}

#[tokio::test]
async fn headers_that_are_continued_without_end_end_the_connection() {
    for part in [Vec::new(), literal("x-more", &"y".repeat(1_000))] {
        let server = Listening::start();
        let mut frames = Frames::connect(&server, &[]).await;
        frames.send(Frame::new(HEADERS, END_STREAM, 1, request("GET", JWKS))).await;
        let more = Frame::new(CONTINUATION, 0, 1, part).bytes().repeat(100);
        let ended = async {
            // Sends for as long as somebody takes it.
            while frames.writer.write_all(&more).await.is_ok() {}
        };
        timeout(seconds(20), ended).await.unwrap();
        let told = timeout(seconds(10), frames.rest()).await.unwrap();
        assert!(told.iter().all(|frame| frame.kind != HEADERS), "{told:?}");
    }
}

#[tokio::test]
async fn a_large_list_of_headers_is_431() {
    let server = Listening::start();
    let mut frames = Frames::connect(&server, &[]).await;
    let mut block = request("GET", JWKS);
    for number in 0..40 {
        block.extend(literal(&format!("x-{number}"), &"y".repeat(1_000)));
    }
    let parts: Vec<&[u8]> = block.chunks(16_000).collect();
    for (number, part) in parts.iter().enumerate() {
        let kind = if number == 0 { HEADERS } else { CONTINUATION };
        let mut flags = if number == 0 { END_STREAM } else { 0 };
        flags |= if number + 1 == parts.len() { END_HEADERS } else { 0 };
        frames.send(Frame::new(kind, flags, 1, *part)).await;
    }
    let answer = loop {
        let frame = timeout(seconds(10), frames.next()).await.unwrap().unwrap();
        if frame.stream == 1 {
            break frame;
        }
    };
    // `:status` by the index of its name, and `431` in Huffman's code.
    assert_eq!((answer.kind, &answer.payload[..5]), (HEADERS, &[0x48, 0x83, 0x69, 0x90, 0xff][..]));
}

#[tokio::test]
async fn pings_whose_answers_nobody_takes_end_the_connection() {
    let options = PortOptions { unread: Duration::from_millis(300), ..PortOptions::default() };
    let server = Listening::with(options);
    let mut frames = Frames::connect(&server, &[]).await;
    frames.send(get(1)).await;
    let pings = Frame::new(PING, 0, 0, [1; 8]).bytes().repeat(1_000);
    let ended = async { while frames.writer.write_all(&pings).await.is_ok() {} };
    timeout(seconds(30), ended).await.unwrap();
    assert_eq!(server.tally.cuts(Cut::Unread), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_finds_no_room_is_given_up() {
    let server = Listening::start();
    // INITIAL_WINDOW_SIZE (4) of nothing: headers pass, bodies do not.
    let mut frames = Frames::connect(&server, &[0, 4, 0, 0, 0, 0]).await;
    let before = Instant::now();
    frames.send(get(1)).await;
    let told = frames.rest().await;
    assert!(told.iter().any(|frame| frame.kind == HEADERS) && told.iter().all(|frame| frame.kind != DATA));
    assert!((seconds(58)..seconds(62)).contains(&before.elapsed()), "{:?}", before.elapsed());
    assert_eq!(server.tally.cuts(Cut::Answer), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_408() {
    let server = Listening::start();
    let mut frames = Frames::connect(&server, &[]).await;
    let before = Instant::now();
    frames.send(post(1)).await;
    let answer = loop {
        frames.send(Frame::new(DATA, 0, 1, b"x")).await;
        match timeout(seconds(1), frames.next()).await {
            Ok(frame) if frame.as_ref().is_some_and(|frame| frame.kind == HEADERS) => break frame.unwrap(),
            Ok(frame) => assert!(frame.is_some(), "the connection ended"),
            Err(_) => assert!(before.elapsed() < seconds(15)),
        }
    };
    assert!((seconds(9)..seconds(12)).contains(&before.elapsed()));
    // `:status` by the index of its name, and `408` in Huffman's code.
    assert_eq!(answer.payload[..5], [0x48, 0x83, 0x68, 0x0f, 0x7f]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_asks_nothing_is_ended_and_one_that_idles_is_told_goodbye() {
    let server = Listening::start();
    let before = Instant::now();
    Frames::connect(&server, &[]).await.rest().await;
    assert!((seconds(9)..seconds(12)).contains(&before.elapsed()), "{:?}", before.elapsed());
    assert_eq!(server.tally.cuts(Cut::Headers), 1);
    let before = Instant::now();
    let mut frames = Frames::connect(&server, &[]).await;
    frames.send(get(1)).await;
    let told = frames.rest().await;
    assert!((seconds(74)..seconds(78)).contains(&before.elapsed()), "{:?}", before.elapsed());
    let goodbye = told.iter().rfind(|frame| frame.kind == GOAWAY).unwrap();
    assert_eq!(
        (goodbye.code(), &goodbye.payload[..4]),
        (0, &1_u32.to_be_bytes()[..]),
        "what was asked was answered"
    );
}
