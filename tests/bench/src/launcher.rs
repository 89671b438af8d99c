//! Which programs are measured, and how they are told what to serve.

use crate::process::{Children, Process, free_address};
use crate::world::World;
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// Starts servers.
pub struct Launcher {
    /// The release build of `nauthera`.
    pub nauthera: PathBuf,
    /// What it started.
    pub children: Children,
}

impl Launcher {
    /// Starts the server with this world, its database, audit and metrics.
    pub fn serve(&self, world: &World) -> Result<Process> {
        self.replica(world, &format!("sqlite:{}", world.folder().join("nauthera.db").display()), 0)
    }

    /// Starts a replica on a database.
    pub fn replica(&self, world: &World, database: &str, number: usize) -> Result<Process> {
        let (address, admin) = (free_address()?, free_address()?);
        let folder = world.folder();
        let mut command = Command::new(&self.nauthera);
        command.arg("server").arg("--snapshot").arg(folder.join("snapshot.json"));
        command.args(["--database", database]);
        command.arg("--keys").arg(folder.join("keys"));
        command.arg("--audit").arg(folder.join(format!("audit-{number}.jsonl")));
        command.args(["--listen", &address.to_string(), "--admin-listen", &admin.to_string()]);
        self.children.start(command, address, ("/oauth2/jwks", &folder.join(format!("server-{number}.log"))))
    }

    /// Starts the bare handler that rotates refresh tokens.
    pub fn rotator(&self, world: &World, database: &str) -> Result<Process> {
        let address = free_address()?;
        let folder = world.folder();
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("rotator").arg("--folder").arg(folder).args(["--listen", &address.to_string()]);
        command.args(["--database", database]);
        self.children.start(command, address, ("/", &folder.join("rotator.log")))
    }

    /// Starts the bare handler with this world.
    pub fn baseline(&self, world: &World) -> Result<Process> {
        let address = free_address()?;
        let folder = world.folder();
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("baseline").arg("--folder").arg(folder).args(["--listen", &address.to_string()]);
        self.children.start(command, address, ("/", &folder.join("baseline.log")))
    }
}
