account-title = Ihr Konto
account-sessions = Wo Sie angemeldet sind
account-sessions-lead = Wenn Sie eine Sitzung nicht erkennen, beenden Sie sie.
account-session = Browsersitzung
account-session-current = Dieser Browser
account-session-started = Angemeldet am
account-session-seen = Zuletzt aktiv am
account-session-end = Sitzung beenden

account-consents = Anwendungen mit Zugriff
account-consents-lead = Sie dürfen Ihr Konto so verwenden, wie es hier steht.
account-consents-none = Noch hat keine Anwendung Zugriff auf Ihr Konto.
account-consent-since = Erlaubt am
account-consent-scopes = Sie darf
account-consent-revoke = Zugriff entziehen

account-notice-session = Die Sitzung wurde beendet.
account-notice-consent = Der Zugriff wurde entzogen.
