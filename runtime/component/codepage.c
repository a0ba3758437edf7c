/* Code pages by iconv; see codepage.h. */
#include "component/codepage.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>

#include "base/memory.h"

#define CLOSED ((iconv_t)-1)

struct lc_codepage {
    int page;
    iconv_t encoder, decoder; /* CLOSED until needed */
};

/*
 * Windows' numbers that iconv knows under other names than CP<number>. Only converters of the very
 * same character set are listed; Windows' variants that iconv lacks stay an error.
 */
static const struct {
    int page;
    const char *name;
} aliases[] = {
    {37, "CP037"},
    {708, "ASMO-708"},
    {709, "ASMO_449"},
    {950, "BIG5"},
    {1200, "UTF-16LE"},
    {1201, "UTF-16BE"},
    {10000, "MACINTOSH"},
    {10007, "MAC-CYRILLIC"},
    {10017, "MAC-UK"},
    {10029, "MAC-CENTRALEUROPE"},
    {10079, "MAC-IS"},
    {12000, "UTF-32LE"},
    {12001, "UTF-32BE"},
    {20105, "ISO_646.IRV:1991"},
    {20106, "DIN_66003"},
    {20107, "SEN_850200_B"},
    {20108, "NS_4551-1"},
    {20127, "US-ASCII"},
    {20261, "T.61-8BIT"},
    {20269, "ISO_6937"},
    {20273, "IBM273"},
    {20277, "IBM277"},
    {20278, "IBM278"},
    {20280, "IBM280"},
    {20284, "IBM284"},
    {20285, "IBM285"},
    {20290, "IBM290"},
    {20297, "IBM297"},
    {20420, "IBM420"},
    {20423, "IBM423"},
    {20424, "IBM424"},
    {20866, "KOI8-R"},
    {20871, "IBM871"},
    {20880, "IBM880"},
    {20905, "IBM905"},
    {20932, "EUC-JP"},
    {20936, "GB2312"},
    {21025, "IBM1025"},
    {21866, "KOI8-U"},
    {28591, "ISO-8859-1"},
    {28592, "ISO-8859-2"},
    {28593, "ISO-8859-3"},
    {28594, "ISO-8859-4"},
    {28595, "ISO-8859-5"},
    {28596, "ISO-8859-6"},
    {28597, "ISO-8859-7"},
    {28598, "ISO-8859-8"},
    {28599, "ISO-8859-9"},
    {28603, "ISO-8859-13"},
    {28605, "ISO-8859-15"},
    {38598, "ISO-8859-8"},
    {50220, "ISO-2022-JP"},
    {50225, "ISO-2022-KR"},
    {50227, "ISO-2022-CN"},
    {50229, "ISO-2022-CN"},
    {50930, "CP930"},
    {50933, "CP933"},
    {50935, "CP935"},
    {50937, "CP937"},
    {50939, "CP939"},
    {51932, "EUC-JP"},
    {51936, "EUC-CN"},
    {51949, "EUC-KR"},
    {51950, "EUC-TW"},
    {54936, "GB18030"},
    {65000, "UTF-7"},
};

static const char *charset(int page, char room[16])
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (aliases[i].page == page) {
            return aliases[i].name;
        }
    }
    snprintf(room, 16, "CP%d", page);
    return room;
}

static int fail_page(int page, struct lc_error *error)
{
    return lc_fail(error, LC_ERROR_CODE_PAGE,
        "CodePage takes the number of a code page that this system's iconv has, not %d", page);
}

int lc_codepage_check(int page, struct lc_error *error)
{
    if (page == LC_CODEPAGE_UTF8) {
        return LC_OK;
    }
    char room[16];
    iconv_t converter = iconv_open(charset(page, room), "UTF-8");
    if (converter == CLOSED) {
        return fail_page(page, error);
    }
    iconv_close(converter);
    return LC_OK;
}

void lc_codepage_free(struct lc_codepage *cache)
{
    if (cache == NULL) {
        return;
    }
    if (cache->encoder != CLOSED) {
        iconv_close(cache->encoder);
    }
    if (cache->decoder != CLOSED) {
        iconv_close(cache->decoder);
    }
    lc_free(cache);
}

/* Makes *cache one for this page. False: memory. */
static bool turn_to(struct lc_codepage **cache, int page)
{
    if (*cache != NULL && (*cache)->page == page) {
        return true;
    }
    lc_codepage_free(*cache);
    *cache = lc_alloc(sizeof **cache);
    if (*cache == NULL) {
        return false;
    }
    **cache = (struct lc_codepage){page, CLOSED, CLOSED};
    return true;
}

/* Appends what iconv makes of `in`; a NULL `in` appends what ends a stateful encoding. 0 or errno.
 */
static int run(iconv_t converter, struct lc_bytes *in, struct lc_buf *out)
{
    for (;;) {
        if (!lc_buf_reserve(out, (in == NULL ? 0 : in->len) + 16)) {
            return ENOMEM;
        }
        char *from = in == NULL ? NULL : (char *)in->data, *to = (char *)out->data + out->len;
        size_t from_len = in == NULL ? 0 : in->len, room = out->cap - out->len;
        size_t result = iconv(converter, in == NULL ? NULL : &from, &from_len, &to, &room);
        int number = result == (size_t)-1 ? errno : 0;
        out->len = (size_t)((uint8_t *)to - out->data);
        if (in != NULL) {
            *in = lc_bytes(from, from_len);
        }
        if (number != E2BIG) {
            return number;
        }
    }
}

static int convert(
    iconv_t converter, struct lc_bytes in, struct lc_buf *out, struct lc_bytes *out_rest)
{
    iconv(converter, NULL, NULL, NULL, NULL);
    lc_buf_clear(out);
    int number = in.len > 0 ? run(converter, &in, out) : 0;
    *out_rest = in;
    return number != 0 ? number : run(converter, NULL, out);
}

/* `encode`: from UTF-8 to the page; else the other way round. */
static int through(struct lc_codepage **cache, int page, bool encode, struct lc_bytes in,
    struct lc_buf *out, struct lc_error *error)
{
    if (page == LC_CODEPAGE_UTF8) {
        return lc_buf_set(out, in.data, in.len) ? LC_OK : lc_fail_memory(error);
    }
    if (!turn_to(cache, page)) {
        return lc_fail_memory(error);
    }
    char room[16];
    iconv_t *converter = encode ? &(*cache)->encoder : &(*cache)->decoder;
    if (*converter == CLOSED) {
        const char *name = charset(page, room);
        *converter = encode ? iconv_open(name, "UTF-8") : iconv_open("UTF-8", name);
        if (*converter == CLOSED) {
            return fail_page(page, error);
        }
    }
    struct lc_bytes rest;
    int number = convert(*converter, in, out, &rest);
    if (number == ENOMEM) {
        return lc_fail_memory(error);
    }
    if (number != 0) {
        return lc_fail(error, LC_ERROR_CODE_PAGE,
            encode ? "at byte %zu: not UTF-8, or nothing that code page %d can express"
                   : "at byte %zu: nothing that code page %d knows; read the ...B property",
            in.len - rest.len + 1, page);
    }
    return LC_OK;
}

int lc_codepage_encode(struct lc_codepage **cache, int page, struct lc_bytes text,
    struct lc_buf *out, struct lc_error *error)
{
    return through(cache, page, true, text, out, error);
}

int lc_codepage_decode(struct lc_codepage **cache, int page, struct lc_bytes bytes,
    struct lc_buf *out, struct lc_error *error)
{
    return through(cache, page, false, bytes, out, error);
}
