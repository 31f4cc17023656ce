// Compound: the settings whose value is a list, a table, or a text with several parts.
//
// Each pair reads a Value into the settings, refusing what does not fit, and gives it back in the
// form that it reads. On a refusal the setting keeps what it had.
//
// Thread: any (pure: nothing here looks at the file system).
#pragma once

#include "config/schema.h"

namespace pear::config {

[[nodiscard]] Value get_listen(Target target);
void set_listen(Target target, const Value& value, Reading& reading);

[[nodiscard]] Value get_https(Target target);
void set_https(Target target, const Value& value, Reading& reading);

[[nodiscard]] Value get_certificates(Target target);
void set_certificates(Target target, const Value& value, Reading& reading);

[[nodiscard]] Value get_admin(Target target);
void set_admin(Target target, const Value& value, Reading& reading);

[[nodiscard]] Value get_proxy_protocol(Target target);
void set_proxy_protocol(Target target, const Value& value, Reading& reading);

[[nodiscard]] Value get_trusted_proxies(Target target);
void set_trusted_proxies(Target target, const Value& value, Reading& reading);

[[nodiscard]] Value get_hosts(Target target);
void set_hosts(Target target, const Value& value, Reading& reading);

[[nodiscard]] Value get_weights(Target target);
void set_weights(Target target, const Value& value, Reading& reading);

[[nodiscard]] Value get_routes(Target target);
void set_routes(Target target, const Value& value, Reading& reading);

[[nodiscard]] Value get_early_hints(Target target);
void set_early_hints(Target target, const Value& value, Reading& reading);

[[nodiscard]] Value get_files(Target target);
void set_files(Target target, const Value& value, Reading& reading);

[[nodiscard]] Value get_environment(Target target);
void set_environment(Target target, const Value& value, Reading& reading);

[[nodiscard]] Value get_watch(Target target);
void set_watch(Target target, const Value& value, Reading& reading);

}  // namespace pear::config
