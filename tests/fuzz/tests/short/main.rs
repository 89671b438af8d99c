//! The short run of every target: seeds, regressions, and as many bent inputs as a target is worth here. The same inputs each time;
//! `NAUTHERA_FUZZ_SEED` bends others, `NAUTHERA_FUZZ_TIMES` more of them.

#[cfg(test)]
mod seeds;

#[cfg(test)]
mod short {
    use nauthera_fuzz::short::{Effort, run};
    use nauthera_fuzz::{Target, targets};
    use std::path::Path;

    macro_rules! short_runs {
        ($($name:ident)+) => {
            const RUN: &[&str] = &[$(stringify!($name)),+];
            $(
                #[test]
                fn $name() {
                    nothing_breaks(stringify!($name));
                }
            )+
        };
    }

    short_runs! {
        yaml manifests schema snapshot shards uris names params basic_auth cookies database_url forwarded
        jwks assertions tokens authorize par token requests
    }

    #[test]
    fn every_target_is_run() {
        let all: Vec<&str> = targets::ALL.iter().map(|target| target.name).collect();
        assert_eq!(RUN, all);
    }

    fn number<N: std::str::FromStr>(name: &str, usual: N) -> N {
        let given = std::env::var(name).ok();
        given.map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
    }

    fn nothing_breaks(name: &str) {
        let target = Target::named(name).unwrap();
        let usual = Effort::default();
        let effort = Effort {
            seed: number("NAUTHERA_FUZZ_SEED", usual.seed),
            times: number("NAUTHERA_FUZZ_TIMES", usual.times),
        };
        let found = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
        let judged = run(target, effort, &found).unwrap_or_else(|broken| panic!("{broken:#}"));
        assert!(judged > target.rounds * effort.times, "{name} has no seed");
    }
}
