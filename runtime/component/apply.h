/* Settings brought into the form in which the layers below take them. */
#ifndef LC_COMPONENT_APPLY_H
#define LC_COMPONENT_APPLY_H

#include "component/settings.h"
#include "message/params.h"
#include "net/address.h"
#include "request/limits.h"

struct lc_params lc_apply_params(const struct lc_settings *settings);
struct lc_limits lc_apply_limits(const struct lc_settings *settings);

/* QOSDSCPValue, or what QOSTrafficType stands for. */
int lc_apply_dscp(const struct lc_settings *settings);

/* Seconds as microseconds; beyond some 290 000 years LC_NEVER. */
lc_time lc_apply_seconds(double seconds);

/*
 * The addresses of MulticastGroups: fills up to `room` of `out` and returns how many there are; -1
 * when one is no multicast address.
 */
int lc_apply_groups(const char *text, struct lc_address *out, size_t room);

#endif
