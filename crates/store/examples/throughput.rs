//! Prints what a step costs on this machine: steps a second and CPU time a step, for reads and for writes, by the number
//! of callers. `cargo run --release -p nauthera-store --example throughput [folder [seconds]]`; the folder decides which disk.

use nauthera_core::facts::{
    Authorization, ClaimsRequest, CodeRecord, Digest, GrantId, GrantRecord, LoginEvent, PersonRef,
};
use nauthera_core::names::{ClientId, ObjectRef, Scope};
use nauthera_core::time::UnixTime;
use nauthera_store::sqlite::{Options, Sqlite};
use nauthera_store::{NewCode, NewRefresh, Rotation, Store, Turn};
use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const NOW: UnixTime = UnixTime(1_800_000_000);
const LATER: UnixTime = UnixTime(NOW.0 + 86_400);

/// What one caller does again and again; the number makes its values its own.
#[derive(Debug, Clone, Copy)]
enum Work {
    ReadGrant,
    Probe,
    CodeToGrant,
    Rotate,
}

fn digest(n: u64) -> Digest {
    Digest::of(n.to_be_bytes())
}

fn grant_id(n: u64) -> GrantId {
    GrantId(u128::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835).to_be_bytes())
}

fn authorization(n: u64) -> Outcome<Authorization> {
    Ok(Authorization {
        client_id: ClientId::parse("shop.storefront")?,
        person: PersonRef::new(ObjectRef::new("platform", "people"), format!("person-{}", n % 10_000)),
        login: LoginEvent { auth_time: NOW, amr: vec!["pwd".into()] },
        sid: Some(format!("sid-{}", n % 10_000).into()),
        scopes: ["openid", "profile", "email"].iter().map(|s| Scope::parse(s)).collect::<Result<_, _>>()?,
        resources: Vec::new(),
        claims: ClaimsRequest::default(),
        acr: None,
    })
}

fn grant(n: u64) -> Outcome<GrantRecord> {
    let (id, authorization) = (grant_id(n), authorization(n)?);
    Ok(GrantRecord {
        id,
        authorization,
        created_at: NOW,
        expires_at: UnixTime(NOW.0 + 86_400),
        revoked_at: None,
        session_ended_at: None,
    })
}

/// The steps of one login: the code, its redemption, the grant and the refresh token.
async fn code_to_grant(store: &dyn Store, n: u64) -> Outcome<()> {
    let code = CodeRecord {
        digest: digest(n),
        grant: grant_id(n),
        authorization: authorization(n)?,
        redirect_uri: "https://storefront.example/callback".into(),
        nonce: Some("n-0S6_WzA2Mj".into()),
        code_challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into()),
        expires_at: UnixTime(NOW.0 + 60),
        redeemed_at: None,
    };
    store.insert_code(NewCode { code, pushed: None }).await?;
    let refresh = NewRefresh { digest: digest(n ^ (1 << 63)), expires_at: UnixTime(NOW.0 + 86_400) };
    store.redeem_code(digest(n), grant(n)?, Some(refresh), NOW).await?;
    Ok(())
}

async fn turn(store: &dyn Store, work: Work, caller: u64, turn: u64) -> Outcome<()> {
    let n = (caller << 32) | turn;
    match work {
        Work::ReadGrant => {
            store.grant(grant_id(n % 10_000)).await?.ok_or("the grant is gone")?;
        }
        Work::Probe => store.ping().await?,
        Work::CodeToGrant => code_to_grant(store, n | (1 << 62)).await?,
        Work::Rotate => {
            let token = |t: u64| digest((1 << 61) | (caller << 32) | t);
            if turn == 0 {
                let first = NewRefresh { digest: token(0), expires_at: LATER };
                store.insert_code(NewCode { code: code(n)?, pushed: None }).await?;
                let mut grant = grant(n)?;
                grant.id = grant_id(n | (1 << 61));
                store.redeem_code(digest(n | (1 << 60)), grant, Some(first), NOW).await?;
            }
            let turn = Turn {
                grant: grant_id((caller << 32) | (1 << 61)),
                presented: token(turn),
                successor: NewRefresh { digest: token(turn + 1), expires_at: LATER },
                sealed_successor: vec![7; 60],
                grant_until: None,
            };
            if store.rotate_refresh(turn, NOW).await? != Rotation::Won {
                return Err("it was not rotated".into());
            }
        }
    }
    Ok(())
}

fn code(n: u64) -> Outcome<CodeRecord> {
    Ok(CodeRecord {
        digest: digest(n | (1 << 60)),
        grant: grant_id(n | (1 << 61)),
        authorization: authorization(n)?,
        redirect_uri: String::new(),
        nonce: None,
        code_challenge: None,
        expires_at: NOW,
        redeemed_at: None,
    })
}

/// User and system time of this process so far.
fn cpu() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |n: usize| -> Outcome<u64> { Ok(fields.get(n).ok_or("short stat")?.parse()?) };
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

async fn measure(store: &Arc<Sqlite>, work: Work, callers: u64, time: Duration) -> Outcome<()> {
    let (stop, turns, before) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), cpu()?);
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let (store, stop, turns) = (store.clone(), stop.clone(), turns.clone());
        // Each row of the table has callers of its own.
        let caller = caller + callers * 1_000;
        tasks.spawn(async move {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                turn(&*store, work, caller, n).await?;
                n += 1;
            }
            turns.fetch_add(n, Ordering::Relaxed);
            Outcome::Ok(())
        });
    }
    tokio::time::sleep(time).await;
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let turns = turns.load(Ordering::Relaxed).max(1);
    let spent = cpu()?.saturating_sub(before);
    writeln!(
        std::io::stdout(),
        "{:<12} {callers:>4} callers {:>9.0} a second {:>8.1} us of CPU each",
        format!("{work:?}"),
        turns as f64 / time.as_secs_f64(),
        spent.as_secs_f64() * 1e6 / turns as f64
    )?;
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let seconds = arguments.next().map_or(Ok(2), |text| text.parse())?;
    let path = folder.join(format!("throughput-{}.db", std::process::id()));
    let store = Arc::new(Sqlite::open(&path, &Options::default())?);
    for n in 0..10_000 {
        code_to_grant(&*store, n).await?;
    }
    for work in [Work::ReadGrant, Work::Probe, Work::CodeToGrant, Work::Rotate] {
        for callers in [1, 16, 64] {
            measure(&store, work, callers, Duration::from_secs(seconds)).await?;
        }
    }
    drop(store);
    std::fs::remove_file(&path)?;
    Ok(())
}
