# Words that several pages share.
brand-default = Nauthera
title-error = Error

client-registered-as = Registered as
client-returns-to = Returns to
signed-in-as = Signed in as

allow = Allow
deny = Deny
continue = Continue
sign-out = Sign out

retry-seconds = { $count ->
    [one] Try again in { $count } second.
   *[other] Try again in { $count } seconds.
}
retry-minutes = { $count ->
    [one] Try again in { $count } minute.
   *[other] Try again in { $count } minutes.
}

date-time = { $day } { $month } { $year }, { $time } UTC
date-unknown = an unknown time
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December

# What a scope gives, as it follows "It will be able to".
scope-openid = Know who you are
scope-openid-detail = An identifier of your account
scope-profile = See your profile
scope-profile-detail = Your name, username and other profile details
scope-email = See your email address
scope-email-detail = The address, and whether it is verified
scope-address = See your postal address
scope-address-detail = The address that is kept with your account
scope-phone = See your phone number
scope-phone-detail = The number, and whether it is verified
scope-groups = See the groups you belong to
scope-groups-detail = Often used to decide what you may do there
scope-offline-access = Keep access while you are away
scope-offline-access-detail = It stays connected after you sign out here
scope-custom-detail = A permission in a connected service
