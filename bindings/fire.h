/* Runs handlers: the component's firings become tasks, their ends go back to it. */
#ifndef LC_BINDINGS_FIRE_H
#define LC_BINDINGS_FIRE_H

#include "component/stage.h"

extern const struct lc_stage_upcalls lc_fire_upcalls;

#endif
