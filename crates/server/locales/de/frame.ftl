# Wörter, die mehrere Seiten teilen.
brand-default = Nauthera
title-error = Fehler

client-registered-as = Registriert als
client-returns-to = Führt zurück zu
signed-in-as = Angemeldet als

allow = Erlauben
deny = Ablehnen
continue = Weiter
sign-out = Abmelden

retry-seconds = { $count ->
    [one] Versuchen Sie es in { $count } Sekunde erneut.
   *[other] Versuchen Sie es in { $count } Sekunden erneut.
}
retry-minutes = { $count ->
    [one] Versuchen Sie es in { $count } Minute erneut.
   *[other] Versuchen Sie es in { $count } Minuten erneut.
}

date-time = { $day }. { $month } { $year }, { $time } UTC
date-unknown = einem unbekannten Zeitpunkt
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember

# Was ein Scope gibt, wie es auf „Die Anwendung darf dann“ folgt.
scope-openid = Wissen, wer Sie sind
scope-openid-detail = Eine Kennung Ihres Kontos
scope-profile = Ihr Profil sehen
scope-profile-detail = Ihren Namen, Benutzernamen und weitere Angaben im Profil
scope-email = Ihre E-Mail-Adresse sehen
scope-email-detail = Die Adresse und ob sie bestätigt ist
scope-address = Ihre Postanschrift sehen
scope-address-detail = Die Anschrift, die zu Ihrem Konto gespeichert ist
scope-phone = Ihre Telefonnummer sehen
scope-phone-detail = Die Nummer und ob sie bestätigt ist
scope-groups = Ihre Gruppen sehen
scope-groups-detail = Davon hängt oft ab, was Sie dort tun dürfen
scope-offline-access = Zugriff behalten, wenn Sie nicht da sind
scope-offline-access-detail = Die Anwendung bleibt verbunden, auch nachdem Sie sich hier abgemeldet haben
scope-custom-detail = Eine Berechtigung in einem verbundenen Dienst
