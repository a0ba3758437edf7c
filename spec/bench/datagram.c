/* Segmented sends (UDP_SEGMENT): the kernel cuts one buffer into datagrams. */
#include "datagram.h"

#include <err.h>
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

void datagram_send(int fd, const uint8_t *data, size_t length, size_t segment)
{
    union {
        char room[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec vector = {(void *)data, length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    uint16_t size = (uint16_t)segment;
    if (length > segment) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_UDP;
        header->cmsg_type = UDP_SEGMENT;
        header->cmsg_len = CMSG_LEN(sizeof size);
        memcpy(CMSG_DATA(header), &size, sizeof size);
    }
    if (sendmsg(fd, &message, 0) < 0 && errno != EAGAIN)
        err(1, "sending to the server");
}
