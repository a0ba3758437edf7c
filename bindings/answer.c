/* Answers of synchronous calls; see answer.h. */
#include "bindings/answer.h"

#include "base/memory.h"

struct lc_answer *lc_answer_find(const struct lc_list *of_component, const struct lc_task *task)
{
    lc_list_for_each (link, of_component) {
        struct lc_answer *answer = lc_container(link, struct lc_answer, of_component);
        if (answer->task == task) {
            return answer;
        }
    }
    return NULL;
}

void lc_answer_put(struct lc_list *of_component, struct lc_list *of_task,
    const struct lc_task *task, struct lc_content *content)
{
    struct lc_answer *answer = lc_answer_find(of_component, task);
    if (answer == NULL) {
        answer = lc_zalloc(sizeof *answer);
        if (answer == NULL) {
            lc_content_release(content);
            return;
        }
        answer->task = task;
        lc_list_append(of_component, &answer->of_component);
        lc_list_append(of_task, &answer->of_task);
    }
    lc_content_release(answer->content);
    answer->content = content;
}

void lc_answer_forget(struct lc_answer *answer)
{
    if (answer != NULL) {
        lc_list_remove(&answer->of_task);
        lc_list_remove(&answer->of_component);
        lc_content_release(answer->content);
        lc_free(answer);
    }
}

void lc_answer_forget_component(struct lc_list *of_component)
{
    while (!lc_list_empty(of_component)) {
        lc_answer_forget(lc_container(of_component->next, struct lc_answer, of_component));
    }
}

void lc_answer_forget_task(struct lc_list *of_task)
{
    while (!lc_list_empty(of_task)) {
        lc_answer_forget(lc_container(of_task->next, struct lc_answer, of_task));
    }
}
