account-title = Ihr Konto
account-sessions = Wo Sie angemeldet sind
account-sessions-lead = Wenn Sie eine Sitzung nicht erkennen, beenden Sie sie. Wenn Sie ein Gerät verloren haben, melden Sie sich überall ab: Auch die Anwendungen werden angewiesen, Sie abzumelden.
account-session = Browsersitzung
account-session-current = Dieser Browser
account-session-started = Angemeldet am
account-session-seen = Zuletzt aktiv am
account-session-end = Sitzung beenden
account-sessions-more = Nur die 100 neuesten sind aufgeführt.
account-others-end = Alle anderen Sitzungen beenden
account-everywhere-end = Überall abmelden

account-consents = Anwendungen mit Zugriff
account-consents-lead = Diese Anwendungen dürfen Ihr Konto wie hier angegeben verwenden.
account-consents-none = Noch hat keine Anwendung Zugriff auf Ihr Konto.
account-consent-since = Erlaubt am
account-consent-scopes = Die Anwendung darf
account-consent-revoke = Zugriff entziehen
account-consents-more = Nur die ersten 500 sind aufgeführt.

account-notice-session = Die Sitzung wurde beendet.
account-notice-sessions = Alle anderen Sitzungen wurden beendet.
account-notice-consent = Der Zugriff wurde entzogen.
