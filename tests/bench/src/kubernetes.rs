//! The operator with many clients, on the test cluster: how long it takes until all are Ready, until a policy edit that narrows them
//! all is served and said, what a restart costs, and what it does when there is nothing to do. It runs inside the cluster, where
//! `scripts/bench.sh` starts it.

mod clients;
mod platform;
mod replicas;

use crate::moment;
use crate::process::{Children, Process, free_address};
use crate::table::{Table, megabytes, milliseconds};
use crate::{proc, wire};
use anyhow::{Context, Result, ensure};
use clap::Args;
use clients::Board;
use nauthera_test_kubernetes::calls::Calls;
use nauthera_test_kubernetes::cluster::Cluster;
use nauthera_test_kubernetes::wait::wait_for;
use platform::Platform;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer than anything here takes; what is not there by then never comes.
const PATIENCE: Duration = Duration::from_secs(900);
/// How long it is looked whether a restart writes something.
const SETTLES: Duration = Duration::from_secs(15);
/// How long it takes until old shards are gone, which outlive the last publication by three minutes and a look.
const SWEPT: Duration = Duration::from_secs(220);
/// So much processor time in a look of [`LOOK`] is work.
const BUSY: Duration = Duration::from_millis(20);
const LOOK: Duration = Duration::from_millis(100);
/// So long without work, and it is steady.
const STEADY: Duration = Duration::from_secs(3);

/// How much there is.
#[derive(Debug, Args)]
pub struct KubernetesArgs {
    /// AuthClients
    #[arg(long, default_value_t = 10_000)]
    pub clients: usize,
    /// Namespaces that they lie in
    #[arg(long, default_value_t = 100)]
    pub namespaces: usize,
    /// AuthPolicies that govern them
    #[arg(long, default_value_t = 20)]
    pub policies: usize,
    /// Replicas of the server
    #[arg(long, default_value_t = 3)]
    pub replicas: usize,
    /// How long rest is measured, in seconds
    #[arg(long, default_value_t = 30)]
    pub rest: u64,
    /// The binary to measure [default: the one beside this program]
    #[arg(long)]
    pub nauthera: Option<PathBuf>,
    /// Where the operator's log and its metrics after each step go [default: the cluster's folder]
    #[arg(long)]
    pub logs: Option<PathBuf>,
}

/// Measures; what went wrong.
pub fn run(args: &KubernetesArgs) -> Result<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure(args))
}

async fn measure(args: &KubernetesArgs) -> Result<Vec<String>> {
    let cluster = Cluster::here()?;
    let client = cluster.client().await?;
    let board = Board::watch(client.clone());
    let platform = Platform::apply(args)?;
    let nauthera = match &args.nauthera {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("nauthera"),
    };
    let logs = args.logs.clone().unwrap_or_else(|| cluster.directory().to_owned());
    let operator = Operator::start(nauthera, logs)?;
    platform.wait_until_ready().await?;
    clients::namespaces(&client, args.namespaces, args.policies).await?;
    let mut bench = Bench { args, client, board, platform, operator, table: Table::default() };
    bench.table.figures();
    bench.converge().await?;
    bench.narrow_all().await?;
    bench.edit_one().await?;
    bench.rest().await?;
    bench.memory()?;
    bench.restart().await?;
    Ok(bench.table.errors().to_vec())
}

struct Bench<'a> {
    args: &'a KubernetesArgs,
    client: kube::Client,
    board: Arc<Board>,
    platform: Platform,
    operator: Operator,
    table: Table,
}

impl Bench<'_> {
    /// All clients are made; until all are Ready with their Secrets.
    async fn converge(&mut self) -> Result<()> {
        let all = self.args.clients;
        let before = Calls::made()?;
        let (began, worked) = (moment::now(), self.operator.worked()?);
        clients::create(&self.client, all, self.args.namespaces).await?;
        let made = began.elapsed();
        self.table.figure(
            &format!("{all} clients are made, {:.0} a second", per_second(all, made)),
            &seconds(made),
            "",
        );
        let board = self.board.clone();
        let ready = wait_for("all Ready", PATIENCE, async || {
            let ready = board.ready();
            ensure!(ready >= all, "{ready} of {all} are Ready");
            Ok(Some(began.elapsed()))
        });
        let ready = ready.await?;
        let secrets = clients::secrets(&self.client).await?;
        if secrets != all {
            self.table.wrong(format!("{secrets} Secrets for {all} clients"));
        }
        self.table.figure("from the first to all Ready, with Secrets", &seconds(ready), "");
        self.table.figure(
            "processor time of the operator for it",
            &seconds(self.operator.worked()? - worked),
            "",
        );
        self.operator.steady().await?;
        self.table.figure("until it has nothing left to do", &seconds(began.elapsed() - STEADY), "");
        let calls = Calls::made()?.since(&before);
        self.count("writes", &calls);
        self.operator.note("converged")
    }

    /// A policy edit that takes something from every client.
    async fn narrow_all(&mut self) -> Result<()> {
        let all = self.args.clients;
        let pods = replicas::of(&self.platform)?;
        let served = replicas::revisions(&pods)?;
        let before = Calls::made()?;
        let (began, worked) = (moment::now(), self.operator.worked()?);
        self.platform.narrow(&self.client).await?;
        let everywhere = replicas::until_other(&pods, &served, began).await?;
        let board = self.board.clone();
        let said = wait_for("all Narrowed", PATIENCE, async || {
            let narrowed = board.narrowed();
            ensure!(narrowed >= all, "{narrowed} of {all} are narrowed");
            Ok(Some(began.elapsed()))
        });
        let said = said.await?;
        let words = format!("policy edit that narrows all: {} replicas serve it", pods.len());
        self.table.figure(&words, &milliseconds(everywhere), "1,000 ms");
        self.table.figure("until all statuses say so", &seconds(said), "");
        self.table.figure(
            "processor time of the operator for it",
            &seconds(self.operator.worked()? - worked),
            "",
        );
        self.operator.steady().await?;
        let calls = Calls::made()?.since(&before);
        self.count("writes", &calls);
        self.operator.note("narrowed")
    }

    /// One client asks for one thing less.
    async fn edit_one(&mut self) -> Result<()> {
        let pods = replicas::of(&self.platform)?;
        let served = replicas::revisions(&pods)?;
        let before = Calls::made()?;
        let writes = self.board.seen();
        let began = moment::now();
        clients::edit(&self.client).await?;
        let everywhere = replicas::until_other(&pods, &served, began).await?;
        let board = self.board.clone();
        // The edit itself, and what is said of it.
        let said = async || Ok((board.seen() >= writes + 2).then(|| began.elapsed()));
        let said = wait_for("the status of the client", PATIENCE, said).await?;
        self.table.figure("one client edited: all replicas serve it", &milliseconds(everywhere), "");
        self.table.figure("until its status says so", &milliseconds(said), "");
        self.operator.steady().await?;
        let calls = Calls::made()?.since(&before);
        self.count("writes, with the edit", &calls);
        self.operator.note("edited")
    }

    /// Nothing changes.
    async fn rest(&mut self) -> Result<()> {
        tokio::time::sleep(SWEPT).await;
        let time = Duration::from_secs(self.args.rest.max(1));
        let (before, worked) = (Calls::made()?, self.operator.worked()?);
        tokio::time::sleep(time).await;
        let share = (self.operator.worked()? - worked).as_secs_f64() / time.as_secs_f64();
        let calls = Calls::made()?.since(&before);
        self.table.figure("at rest: of a core", &format!("{:.2} %", share * 100.0), "1 %");
        self.count("at rest: writes", &calls);
        Ok(())
    }

    fn memory(&mut self) -> Result<()> {
        let mut ids = vec![("operator", self.operator.process()?.id())];
        let servers = proc::started_with(&["nauthera", "server"])?;
        ids.extend(servers.into_iter().map(|id| ("a server", id)));
        for (name, id) in ids {
            let [rss, pss] = ["Rss:", "Pss:"].map(|line| proc::bytes(id, "smaps_rollup", line));
            let most = proc::bytes(id, "status", "VmHWM:")?;
            let words = format!("memory of {name}: RSS; PSS {}, most {}", megabytes(pss?), megabytes(most));
            self.table.figure(&words, &megabytes(rss?), "");
        }
        Ok(())
    }

    /// The operator stops when it is told to, and another one begins.
    async fn restart(&mut self) -> Result<()> {
        self.operator.stop()?;
        let before = Calls::made()?;
        let began = moment::now();
        self.operator.begin()?;
        let listed = began.elapsed();
        let narrowed = format!("nauthera_operator_clients{{verdict=\"narrowed\"}} {}", self.args.clients);
        let operator = &self.operator;
        let leads = async || {
            let page = operator.metrics()?;
            let has = |line: &str| page.lines().any(|there| there == line);
            Ok((has("nauthera_operator_leader 1") && has(&narrowed)).then_some(()))
        };
        wait_for("all clients judged by a leader", PATIENCE, leads).await?;
        let steady = self.operator.steady().await?;
        self.table.figure("restart: everything is listed", &seconds(listed), "");
        self.table.figure("restart: steady", &seconds(steady - began), "10 s");
        self.table.figure("processor time of the operator for it", &seconds(self.operator.worked()?), "");
        tokio::time::sleep(SETTLES).await;
        let calls = Calls::made()?.since(&before);
        self.count("restart: writes", &calls);
        self.operator.note("restarted")?;
        self.memory()
    }

    fn count(&mut self, what: &str, calls: &Calls) {
        let kinds = calls.to_string();
        let kinds = if kinds.is_empty() { String::new() } else { format!("  {kinds}") };
        self.table.figure(what, &calls.total().to_string(), &kinds);
    }
}

/// The operator that is measured.
struct Operator {
    nauthera: PathBuf,
    logs: PathBuf,
    children: Children,
    process: Option<Process>,
    starts: usize,
}

impl Operator {
    fn start(nauthera: PathBuf, logs: PathBuf) -> Result<Self> {
        let mut operator = Self { nauthera, logs, children: Children::default(), process: None, starts: 0 };
        operator.begin()?;
        Ok(operator)
    }

    /// Starts it, and waits until it has listed everything.
    fn begin(&mut self) -> Result<()> {
        let address = free_address()?;
        let mut command = Command::new(&self.nauthera);
        command.args(["operator", "--server-image", "nauthera:bench", "--leader-elect"]);
        command.args(["--operator-namespace", platform::HOME, "--admin-listen", &address.to_string()]);
        command.env("KUBECONFIG", Cluster::here()?.kubeconfig()).env("NAUTHERA_LOG", "info");
        let log = self.logs.join(format!("operator-{}.log", self.starts));
        self.starts += 1;
        self.process = Some(self.children.start(command, address, ("/readyz", &log))?);
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        self.process.take().context("no operator runs")?.stop()
    }

    fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("no operator runs")
    }

    fn worked(&self) -> Result<Duration> {
        self.process()?.processor_time()
    }

    /// Waits until it has done nothing for a while; when it began to do nothing.
    async fn steady(&self) -> Result<Instant> {
        let (mut last, mut since) = (self.worked()?, moment::now());
        let deadline = since + PATIENCE;
        while since.elapsed() < STEADY {
            ensure!(moment::now() < deadline, "it is never at rest");
            tokio::time::sleep(LOOK).await;
            let worked = self.worked()?;
            if worked - last > BUSY {
                since = moment::now();
            }
            last = worked;
        }
        Ok(since)
    }

    fn metrics(&self) -> Result<String> {
        let mut connection = wire::Connection::open(self.process()?.address)?;
        Ok(connection.ask(&wire::get("/metrics", ""))?.body.to_owned())
    }

    /// Writes down what it counted so far.
    fn note(&self, step: &str) -> Result<()> {
        save(&self.logs, step, &self.metrics()?)
    }
}

fn save(folder: &Path, step: &str, page: &str) -> Result<()> {
    Ok(std::fs::write(folder.join(format!("operator-metrics-{step}.txt")), page)?)
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(0.001)
}
