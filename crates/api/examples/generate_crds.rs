//! Writes the four CRDs into a folder: `cargo run -p nauthera-api --example generate_crds -- deploy/crds`.

use nauthera_api::crds;
use nauthera_core::names::Kind;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("give the folder to write into")?);
    std::fs::create_dir_all(&folder)?;
    for kind in Kind::ALL {
        std::fs::write(folder.join(format!("{}.yaml", crds::crd_name(kind))), crds::crd_yaml(kind))?;
    }
    Ok(())
}
