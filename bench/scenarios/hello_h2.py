from pearbench.multiplexed import hello_beside_nginx

TITLE = "Hello over TLS and HTTP/2, 32 connections of 32 streams, against nginx with a static file of 1 KiB"


def run(context):
    return hello_beside_nginx(context, 2, https=True)
