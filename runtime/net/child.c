/* Programs that we start; see child.h. */
#include "net/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/close_range.h>

#include "base/memory.h"

enum {
    READ_SIZE = 64 * 1024,
    LAST_READS = 64,     /* what a pipe can hold when its program ends, and more */
    END_PATIENCE = 500,  /* milliseconds to end in good order in lc_child_end() */
    FAILED_STATUS = 127, /* of a child that has become no program */
};

struct lc_child {
    const struct lc_child_events *events;
    void *arg;
    pid_t pid;
    int output_fd, end_fd;
    struct lc_watch *output, *end;
    bool running;
    int status;
};

/* ---- Starting ---- */

/* What went wrong between fork() and exec. */
struct trouble {
    int number;
    bool in_folder;
};

static void use_as(int fd, int standard)
{
    if (fd != standard) {
        dup2(fd, standard);
    } else {
        fcntl(fd, F_SETFD, 0);
    }
}

/* Handlers go by themselves, what is ignored and what is blocked does not. */
static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
}

/* In the child: becomes the program, or writes why not. */
static void become(const struct lc_child_program *program, pid_t parent, int output, int report)
{
    struct trouble trouble = {0};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(FAILED_STATUS); /* it was gone before that */
    }
    reset_signals();
    use_as(open("/dev/null", O_RDONLY), STDIN_FILENO);
    use_as(output, STDOUT_FILENO);
    dup2(STDOUT_FILENO, STDERR_FILENO);
    /* Files that a script has opened too: Lua opens them without close-on-exec. */
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    if (program->folder != NULL && chdir(program->folder) != 0) {
        trouble.in_folder = true;
    } else if (program->environment != NULL) {
        execvpe(program->arguments[0], program->arguments, program->environment);
    } else {
        execvp(program->arguments[0], program->arguments);
    }
    trouble.number = errno;
    ssize_t written = write(report, &trouble, sizeof trouble);
    _exit(written < 0 ? 1 : FAILED_STATUS);
}

/* Reads that: its end without a word means that exec has closed the pipe. */
static struct trouble heard(int report)
{
    struct trouble trouble;
    ssize_t got;
    do {
        got = read(report, &trouble, sizeof trouble);
    } while (got < 0 && errno == EINTR);
    return got == sizeof trouble ? trouble : (struct trouble){0};
}

static pid_t start(const struct lc_child_program *program, int output, struct trouble *trouble)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        trouble->number = errno;
        return -1;
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        become(program, parent, output, report[1]);
    }
    *trouble = (struct trouble){.number = pid < 0 ? errno : 0};
    close(report[1]);
    if (pid > 0) {
        *trouble = heard(report[0]);
    }
    close(report[0]);
    if (pid > 0 && trouble->number != 0) {
        waitpid(pid, NULL, 0);
        return -1;
    }
    return pid;
}

/* ---- Its output and its end ---- */

/* False when there is nothing to read now, or nothing any more. */
static bool read_output(struct lc_child *child)
{
    static uint8_t bytes[READ_SIZE]; /* events do not come here again: they may not turn the loop */
    ssize_t got = read(child->output_fd, bytes, sizeof bytes);
    if (got > 0) {
        child->events->output(child->arg, lc_bytes(bytes, (size_t)got));
    } else if (got == 0) {
        lc_watch_free(child->output);
        child->output = NULL;
    }
    return got > 0;
}

static void on_output(void *arg)
{
    read_output(arg);
}

/* Before its id is free to be another's: whatever else runs in its group ends with it. */
static void reap(struct lc_child *child)
{
    kill(-child->pid, SIGKILL);
    while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR) {
    }
    child->running = false;
}

static void stop_watching(struct lc_child *child)
{
    lc_watch_free(child->output);
    lc_watch_free(child->end);
    child->output = child->end = NULL;
}

static void read_rest(struct lc_child *child)
{
    for (int i = 0; i < LAST_READS && read_output(child); i++) {
    }
    stop_watching(child);
}

static void on_end(void *arg)
{
    struct lc_child *child = arg;
    reap(child);
    read_rest(child);
    child->events->ended(child->arg);
}

/* ---- The object ---- */

static void let_go(struct lc_child *child)
{
    stop_watching(child);
    if (child->output_fd >= 0) {
        close(child->output_fd);
    }
    if (child->end_fd >= 0) {
        close(child->end_fd);
    }
    lc_free(child);
}

/* False: errno says why not. */
static bool watch(struct lc_child *child, struct lc_loop *loop)
{
    child->end_fd = pidfd_open(child->pid, 0);
    if (child->end_fd < 0) {
        return false;
    }
    child->output = lc_loop_watch(loop, child->output_fd, on_output, child);
    child->end = lc_loop_watch(loop, child->end_fd, on_end, child);
    errno = ENOMEM;
    return child->output != NULL && child->end != NULL;
}

static struct lc_child *make(struct lc_loop *loop, const struct lc_child_program *program,
    int output[2], struct trouble *trouble)
{
    struct lc_child *child = lc_zalloc(sizeof *child);
    if (child == NULL) {
        trouble->number = ENOMEM;
        close(output[0]);
        return NULL;
    }
    child->output_fd = output[0];
    child->end_fd = -1;
    child->pid = start(program, output[1], trouble);
    if (child->pid > 0 && !watch(child, loop)) {
        trouble->number = errno;
        reap(child);
    }
    if (trouble->number != 0) {
        let_go(child);
        return NULL;
    }
    child->running = true;
    return child;
}

struct lc_child *lc_child_start(struct lc_loop *loop, const struct lc_child_program *program,
    const struct lc_child_events *events, void *arg, struct lc_error *error)
{
    int output[2];
    struct trouble trouble = {0};
    struct lc_child *child = NULL;
    if (pipe2(output, O_CLOEXEC) == 0) {
        fcntl(output[0], F_SETFL, O_NONBLOCK);
        child = make(loop, program, output, &trouble);
        close(output[1]);
    } else {
        trouble.number = errno;
    }
    if (child == NULL) {
        lc_fail(error, LC_ERROR_USAGE, "cannot start %s%s%s: %s", program->arguments[0],
            trouble.in_folder ? " in " : "", trouble.in_folder ? program->folder : "",
            strerror(trouble.number));
        return NULL;
    }
    child->events = events;
    child->arg = arg;
    return child;
}

pid_t lc_child_pid(const struct lc_child *child)
{
    return child->pid;
}

bool lc_child_running(const struct lc_child *child)
{
    return child->running;
}

int lc_child_status(const struct lc_child *child)
{
    return child->status;
}

void lc_child_signal(struct lc_child *child, int number)
{
    if (child->running) {
        kill(-child->pid, number);
    }
}

void lc_child_end(struct lc_child *child)
{
    if (!child->running) {
        return;
    }
    struct pollfd end = {.fd = child->end_fd, .events = POLLIN};
    lc_child_signal(child, SIGTERM);
    lc_child_signal(child, SIGCONT); /* one that is stopped hears nothing else */
    poll(&end, 1, END_PATIENCE);
    reap(child);
    read_rest(child);
}

void lc_child_free(struct lc_child *child)
{
    if (child != NULL) {
        lc_child_end(child);
        let_go(child);
    }
}
