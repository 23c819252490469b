# The chat in a container: docker build -t smplchat . && docker run -it --rm smplchat
FROM node:20-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.js scripts/build.js
COPY src src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20-slim
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
USER node
# Identity and nickname live here; without a volume each container is somebody new.
VOLUME /data
EXPOSE 62733/udp
STOPSIGNAL SIGTERM
ENTRYPOINT ["smplchat"]
