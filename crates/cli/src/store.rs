//! `nauthera store`: a database by hand.

use crate::args::{Format, StoreArgs, StoreCommand};
use crate::exit::Exit;
use crate::logging;
use crate::output::Ui;
use anyhow::{Context, Result, bail};
use nauthera_store::Location;
use nauthera_store::portable::{Copied, FactKind, Portable, copy};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// The longest that one step may take: a check reads a whole database.
const PATIENCE: Duration = Duration::from_secs(600);

/// Does it.
pub fn run(args: &StoreArgs, ui: &Ui) -> Result<Exit> {
    logging::start("warn");
    let work = async {
        match &args.command {
            StoreCommand::Migrate { database } => migrate(database, args.format, ui).await,
            StoreCommand::Check { database } => check(database, args.format, ui).await,
            StoreCommand::Copy { from, to, resume } => copy_over(from, to, *resume, (args.format, ui)).await,
        }
    };
    crate::threads()?.block_on(work)
}

/// What is known of one kind of facts.
#[derive(Serialize)]
struct Count {
    kind: &'static str,
    count: u64,
}

/// What a command found or did.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    database: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<Count>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    damage: Vec<String>,
}

impl Told {
    fn say(&self, headline: &str, format: Format, ui: &Ui) -> Result<()> {
        if format == Format::Json {
            return ui.line(&serde_json::to_string_pretty(self)?);
        }
        ui.line(headline)?;
        for Count { kind, count } in &self.facts {
            ui.line(&format!("  {count:>10}  {kind}"))?;
        }
        for line in &self.damage {
            ui.line(&format!("  damaged: {line}"))?;
        }
        Ok(())
    }
}

async fn open(location: &Location) -> Result<Arc<dyn Portable>> {
    if let Location::Sqlite(path) = location
        && !path.is_file()
    {
        bail!("{} is not there", path.display());
    }
    open_or_make(location).await
}

async fn open_or_make(location: &Location) -> Result<Arc<dyn Portable>> {
    match location.open_by_hand(PATIENCE).await {
        Ok(store) => Ok(store),
        Err(error) => Err(error).context(format!("{} cannot be opened", location.shown().await)),
    }
}

async fn migrate(database: &Location, format: Format, ui: &Ui) -> Result<Exit> {
    open_or_make(database).await?;
    let told = Told { database: database.shown().await, facts: Vec::new(), damage: Vec::new() };
    told.say(&format!("{}: the schema is up to date", told.database), format, ui)?;
    Ok(Exit::Done)
}

async fn counts(store: &dyn Portable) -> Result<Vec<Count>> {
    let mut all = Vec::new();
    for kind in FactKind::ALL {
        all.push(Count { kind: kind.name(), count: store.count(kind).await? });
    }
    Ok(all)
}

async fn check(database: &Location, format: Format, ui: &Ui) -> Result<Exit> {
    let store = open(database).await?;
    store.ping().await.context("the database takes no writes")?;
    let (facts, damage) = (counts(&*store).await?, store.damage().await?);
    let told = Told { database: database.shown().await, facts, damage };
    let sound = told.damage.is_empty();
    let verdict = if sound { "can be served" } else { "is damaged: restore a backup" };
    told.say(&format!("{} {verdict}", told.database), format, ui)?;
    Ok(if sound { Exit::Done } else { Exit::Found })
}

async fn copy_over(
    from: &Location,
    to: &Location,
    resume: bool,
    (format, ui): (Format, &Ui),
) -> Result<Exit> {
    let source = open(from).await?;
    let target = open_or_make(to).await?;
    let there: u64 = counts(&*target).await?.iter().map(|count| count.count).sum();
    if there > 0 && !resume {
        bail!(
            "{} holds {there} facts already: give an empty database, or --resume to go on with a copy that broke off",
            to.shown().await
        );
    }
    let shown = |(kind, count): Copied| {
        if count >= 10_000 && count % 10_000 < 500 {
            ui.say(&format!("{count} {}", kind.name()));
        }
    };
    let copied =
        copy(&*source, &target, shown).await.context("the copy broke off; --resume goes on with it")?;
    let facts = copied.into_iter().map(|(kind, count)| Count { kind: kind.name(), count }).collect();
    let told = Told { database: to.shown().await, facts, damage: Vec::new() };
    told.say(&format!("copied {} to {}", from.shown().await, told.database), format, ui)?;
    Ok(Exit::Done)
}
