login-title = Anmelden
login-lead = und weiter zu { $client }
login-lead-account = um Ihr Konto zu verwalten
login-username = Benutzername
login-password = Passwort
login-submit = Anmelden

login-error-credentials = Benutzername oder Passwort stimmt nicht. Prüfen Sie beides und versuchen Sie es erneut.
login-error-attempts = Es gab zu viele Anmeldeversuche.
login-error-expired = Diese Seite war zu lange geöffnet. Bitte melden Sie sich erneut an.
login-error-busy = Gerade melden sich viele Personen an. Bitte versuchen Sie es gleich noch einmal.
login-error-not-allowed = Mit diesem Konto dürfen Sie diese Anwendung nicht benutzen. Melden Sie sich mit einem anderen Konto an oder bitten Sie Ihre Administration um Zugang.
login-error-another-person = Die Anwendung erwartet eine andere Person. Melden Sie sich mit deren Konto an oder gehen Sie zurück zur Anwendung.

select-title = Konto auswählen
select-continue = Weiter als { $person }
select-switch = Anderes Konto verwenden
