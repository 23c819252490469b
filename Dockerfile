# The chat in a container: docker build -t smplchat . && docker run -it --rm smplchat
# It needs no root and writes to /data alone: add --read-only --cap-drop ALL --security-opt no-new-privileges
# The base is Node 24.21.0 on Debian 12, by its digest; whoever changes one of the two lines changes both.
FROM node:24-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.js scripts/build.js
COPY src src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6
ENV NODE_ENV=production \
    LANG=C.UTF-8 \
    SMPLCHAT_DATA_DIR=/data
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY bin bin
COPY scenarios scenarios
RUN ln -s /app/bin/smplchat.js /usr/local/bin/smplchat && install -d -o node -g node -m 700 /data
# By number, so that a host can see that it is not root.
USER 1000:1000
# Identity and nickname live here; without a volume each container is somebody new.
VOLUME /data
EXPOSE 62733/udp
STOPSIGNAL SIGTERM
ENTRYPOINT ["smplchat"]
