//! The files that this process may open: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files for everything but connections: the database, keys, the ports beside the provider's, what is fetched.
const OTHERS: u64 = 512;

/// The connections that the provider's port may hold, `wanted` at most. The limit of open files is raised as far as this process may
/// raise it by itself; where that is not far enough, some files are left for everything else.
pub fn most_connections(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let files = raised(limit, wanted as u64 + OTHERS);
    let most = share(files, wanted);
    if most < wanted {
        tracing::warn!(
            "this process may open {files} files, so it holds {most} connections at most instead of {wanted}; \
             raise the limit (ulimit -n) for more"
        );
    }
    most
}

/// Raises the limit to what is enough, if it is lower and may be raised; the limit that counts now.
fn raised(limit: Rlimit, enough: u64) -> u64 {
    let now = limit.current.unwrap_or(u64::MAX);
    let may = limit.maximum.unwrap_or(u64::MAX).min(enough);
    let raised = now < may && setrlimit(Resource::Nofile, Rlimit { current: Some(may), ..limit }).is_ok();
    if raised { may } else { now }
}

/// The part of the files that connections may take: all but [`OTHERS`], and half where there are few.
fn share(files: u64, wanted: usize) -> usize {
    let most = files.saturating_sub(OTHERS).max(files / 2);
    usize::try_from(most).unwrap_or(wanted).min(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        for (files, most) in [(256, 128), (1_024, 512), (4_096, 3_584), (16_896, 16_384), (u64::MAX, 16_384)]
        {
            assert_eq!(share(files, 16_384), most, "{files}");
        }
    }

    #[test]
    fn a_limit_that_is_high_enough_is_left_alone() {
        let limit = getrlimit(Resource::Nofile);
        let now = limit.current.unwrap_or(u64::MAX);
        assert_eq!(raised(limit, 1), now);
        assert_eq!(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX), now);
    }
}
