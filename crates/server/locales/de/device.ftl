device-title = Gerät verbinden
device-lead = Geben Sie den Code ein, den Ihr Gerät anzeigt.
device-code = Code
device-hint = Acht Buchstaben. Groß- und Kleinschreibung und der Bindestrich spielen keine Rolle.

device-error-unknown = Kein Gerät wartet mit diesem Code. Vergleichen Sie ihn mit Ihrem Gerät und versuchen Sie es erneut.
device-error-attempts = Es gab zu viele Versuche.
device-error-expired = Dieser Code ist abgelaufen. Beginnen Sie auf Ihrem Gerät von vorn, um einen neuen zu erhalten.

device-confirm-title = Dieses Gerät verbinden?
device-confirm-lead = { $client } möchte Ihr Konto verwenden.
device-confirm-code = Ihr Gerät muss diesen Code anzeigen
device-confirm-warning = Fahren Sie nur fort, wenn Sie das Gerät vor sich haben und dies selbst begonnen haben. Wenn Ihnen jemand diesen Code geschickt hat, wählen Sie „Ablehnen“.

device-allowed-title = Ihr Gerät ist verbunden
device-allowed-lead = Kehren Sie zu Ihrem Gerät zurück. Sie können dieses Fenster schließen.
device-denied-title = Ihr Gerät wurde nicht verbunden
device-denied-lead = Es wurde nichts weitergegeben. Sie können dieses Fenster schließen.
