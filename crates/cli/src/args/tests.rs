use super::*;
use clap::CommandFactory;
use nauthera_core::time::Seconds;

fn commands() -> Vec<clap::Command> {
    let mut command = Cli::command();
    command.build();
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help")
        .cloned()
        .collect()
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_flag_has_a_sentence_and_an_environment_variable() {
    for command in commands() {
        for argument in command.get_arguments().filter(|argument| argument.get_id() != "help") {
            let name = format!("{} {}", command.get_name(), argument.get_id());
            assert!(argument.get_help().is_some(), "{name}");
            let environment = argument.get_env().map(|env| env.to_string_lossy().into_owned());
            let named = environment.is_some_and(|env| env.starts_with("NAUTHERA_"));
            assert!(argument.is_positional() || named, "{name}");
        }
    }
}

#[test]
fn every_command_shows_an_example() {
    for command in commands() {
        let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains(&format!("nauthera {}", command.get_name())), "{}", command.get_name());
    }
}

fn up(arguments: &[&str]) -> Result<UpArgs, clap::Error> {
    let all = ["nauthera", "up"].iter().chain(arguments);
    Cli::try_parse_from(all).map(|cli| match cli.command {
        Command::Up(args) => *args,
        other => panic!("{other:?}"),
    })
}

#[test]
fn up_has_the_documented_defaults() {
    let args = up(&[]).unwrap();
    assert_eq!(args.path.to_str(), Some("."));
    assert_eq!(args.data.to_str(), Some("./.nauthera"));
    assert_eq!(args.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(args.console.address().unwrap().to_string(), "127.0.0.1:8081");
    assert!(!args.allow_private_fetch && args.issuer.is_none() && args.server.is_none());
}

#[test]
fn the_console_is_switched_off_by_none_and_listens_on_loopback_only() {
    assert_eq!(up(&["--console", "none"]).unwrap().console.address(), None);
    assert!(up(&["--console", "[::1]:9000"]).is_ok());
    assert!(up(&["--console", "0.0.0.0:9000"]).is_err());
}

#[test]
fn localhost_is_an_address() {
    assert_eq!(up(&["--listen", "localhost:18090"]).unwrap().listen.to_string(), "127.0.0.1:18090");
    let console = up(&["--console", "localhost:18091"]).unwrap().console;
    assert_eq!(console.address().unwrap().to_string(), "127.0.0.1:18091");
    assert!(up(&["--listen", "localhost"]).is_err() && up(&["--listen", "localhost:70000"]).is_err());
}

#[test]
fn certificate_and_key_go_together() {
    assert!(up(&["--tls-cert", "a.pem"]).is_err() && up(&["--tls-key", "a.pem"]).is_err());
    assert!(up(&["--tls-cert", "a.pem", "--tls-key", "b.pem"]).is_ok());
}

#[test]
fn a_database_is_named_in_one_of_three_ways() {
    let parse = |database: &str| {
        let all = ["nauthera", "server", "--snapshot", "s", "--keys", "k", "--database", database];
        Cli::try_parse_from(all).map(|_| ()).map_err(|error| error.to_string())
    };
    for good in ["sqlite:nauthera.db", "postgres://nauthera@db/nauthera", "file:/run/secrets/url"] {
        assert!(parse(good).is_ok(), "{good}");
    }
    for wrong in ["sqlite:", "nauthera.db", "mysql://db/nauthera"] {
        assert!(parse(wrong).unwrap_err().contains("write sqlite:PATH"), "{wrong}");
    }
}

#[test]
fn compile_wants_somewhere_to_write() {
    let parse = |arguments: &[&str]| {
        Cli::try_parse_from(["nauthera", "compile", "."].iter().chain(arguments)).is_ok()
    };
    assert!(!parse(&[]) && parse(&["-o", "x"]) && parse(&["--print"]) && parse(&["--print", "-o", "x"]));
}

#[test]
fn proxies_are_named_with_commas_and_nobody_is_trusted_by_default() {
    assert!(up(&[]).unwrap().trusted_proxies.is_empty());
    let named = up(&["--trusted-proxies", "10.0.0.0/8,2001:db8::1"]).unwrap().trusted_proxies;
    assert_eq!(named, ["10.0.0.0/8".parse().unwrap(), "2001:db8::1".parse().unwrap()]);
    for (wrong, why) in
        [("10.0.0.1/8", "10.0.0.0/8"), ("0.0.0.0/0", "everybody"), ("proxy", "write a network")]
    {
        let error = up(&["--trusted-proxies", wrong]).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn the_wait_before_a_stop_is_a_duration_of_an_hour_at_most() {
    assert_eq!(up(&[]).unwrap().drain, Seconds::new(0));
    assert_eq!(up(&["--drain", "15s"]).unwrap().drain, Seconds::new(15));
    for wrong in ["15", "2h", "-1s", ""] {
        assert!(up(&["--drain", wrong]).is_err(), "{wrong}");
    }
}
