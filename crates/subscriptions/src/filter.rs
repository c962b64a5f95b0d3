//! Which events a subscriber wants: the dialects of CloudEvents Subscriptions.
