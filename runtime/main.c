/* The executable `lunacoap`. Everything it does is in bindings/program.c and
 * scripts/lunacoap/cli.lua. */
#include "bindings/program.h"

#include <stddef.h>

int main(int argc, char **argv)
{
    return lc_program_run(argc, argv, NULL);
}
