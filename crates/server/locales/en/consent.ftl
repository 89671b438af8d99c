consent-title = Allow access to your account?
consent-heading = { $client } would like to use your account
consent-scopes = It will be able to
consent-resources = With these services
consent-native = { $client } runs on a device, where other software could pretend to be it. Continue only if you have just started it yourself.
consent-later = You can take this back at any time on { $page }.
consent-account = your account page
