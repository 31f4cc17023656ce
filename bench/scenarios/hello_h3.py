from pearbench.multiplexed import hello_beside_nginx

TITLE = "Hello over HTTP/3, 32 connections of 32 streams, against Debian 13's nginx with a static file of 1 KiB"


def run(context):
    return hello_beside_nginx(context, 3, http3=True)
