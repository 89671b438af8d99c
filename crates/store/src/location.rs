//! Where facts are stored, as people write it: `sqlite:PATH`, `postgres://USER@HOST/DATABASE`, or `file:PATH`, a file that holds a
//! URL of PostgreSQL and may change when credentials rotate.

use crate::portable::Portable;
use crate::postgres::{self, Postgres, Source};
use crate::sqlite::{self, Sqlite};
use crate::{Result, Store};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Where facts are stored.
#[derive(Clone)]
pub enum Location {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(Source),
}

/// What to write, for who wrote something else.
const FORMS: &str =
    "write sqlite:PATH, postgres://USER@HOST/DATABASE, or file:PATH for a file that holds such a URL";

impl FromStr for Location {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(Source::Url(text.into())));
        }
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::Postgres(Source::File(path.into()))),
            _ => Err(FORMS.into()),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(Source::File(path)) => write!(f, "file:{}", path.display()),
            Self::Postgres(Source::Url(_)) => f.write_str("postgres://.."),
        }
    }
}

impl Location {
    /// Opens it, and brings its schema up to date. A PostgreSQL that is away is no error: its steps are refused until it is there.
    ///
    /// # Errors
    /// As [`Sqlite::open`] and [`Postgres::open`].
    pub async fn open(&self) -> Result<Arc<dyn Store>> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(Sqlite::open(path, &sqlite::Options::default())?),
            Self::Postgres(source) => {
                Arc::new(Postgres::open(source.clone(), postgres::Options::default()).await?)
            }
        })
    }

    /// Opens it for work by hand, where a step may take so long.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_by_hand(&self, patience: Duration) -> Result<Arc<dyn Portable>> {
        Ok(match self {
            Self::Sqlite(path) => {
                let options = sqlite::Options { deadline: patience, ..sqlite::Options::default() };
                Arc::new(Sqlite::open(path, &options)?)
            }
            Self::Postgres(source) => {
                let options = postgres::Options { statement: patience, ..postgres::Options::default() };
                let opened = Postgres::open(source.clone(), options).await?;
                // By hand nobody waits for a database that comes back.
                opened.ping().await?;
                Arc::new(opened)
            }
        })
    }

    /// Opens it to look at it, and changes nothing: a schema that is not this release's is refused.
    ///
    /// # Errors
    /// As [`Self::open`]; [`crate::StoreError::Corrupt`] where the schema would have to be brought up to date.
    pub async fn look(&self, patience: Duration) -> Result<Arc<dyn Portable>> {
        if let Self::Postgres(source) = self {
            Postgres::must_be_current(source, patience).await?;
        }
        self.open_by_hand(patience).await
    }

    /// It without credentials, for people.
    pub async fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(source) => source.shown().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_and_shows_no_credentials() {
        let read = |text: &str| format!("{:?}", text.parse::<Location>());
        assert_eq!(read("sqlite:a/b.db"), "Ok(sqlite:a/b.db)");
        assert_eq!(read("file:/run/secrets/url"), "Ok(file:/run/secrets/url)");
        assert_eq!(read("postgres://u:hunter2@h/d"), "Ok(postgres://..)");
        for wrong in ["", "a.db", "sqlite:", "file:", "mysql://h/d", "SQLITE:a"] {
            assert!(read(wrong).starts_with("Err("), "{wrong}");
        }
    }
}
