logout-title = Sign out?
logout-lead = You will be signed out in this browser.
logout-lead-client = { $client } asks to sign you out in this browser.
logout-stay = Stay signed in

logged-out-title = You are signed out
logged-out-lead = You can close this window.
logged-out-note = Applications that you have used may keep you signed in until you sign out there too.
