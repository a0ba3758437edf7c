/*
 * What Response* of a client mean to a task after its last synchronous call: that call's own
 * answer, whatever other tasks do with the component meanwhile.
 */
#ifndef LC_BINDINGS_ANSWER_H
#define LC_BINDINGS_ANSWER_H

#include "base/list.h"
#include "component/content.h"

struct lc_task;

struct lc_answer {
    struct lc_list of_task, of_component;
    const struct lc_task *task;
    struct lc_content *content; /* one reference; NULL: the call had no answer */
};

/* The answer of a task among those of a component, or NULL. Few tasks use one component. */
struct lc_answer *lc_answer_find(const struct lc_list *of_component, const struct lc_task *task);

/* Makes `content` the answer, taking its reference; without memory for it there is none. */
void lc_answer_put(struct lc_list *of_component, struct lc_list *of_task,
    const struct lc_task *task, struct lc_content *content);

/* Response* are the component's own again. NULL is nothing. */
void lc_answer_forget(struct lc_answer *answer);

/* The component, or the task, is gone. */
void lc_answer_forget_component(struct lc_list *of_component);
void lc_answer_forget_task(struct lc_list *of_task);

#endif
