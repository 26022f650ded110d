import "reflect-metadata";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { PostgresSaver, threadId } from "@holdfast/checkpoint-postgres";
import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  Delete,
  type DynamicModule,
  type ExecutionContext,
  Get,
  Header,
  HttpCode,
  HttpException,
  Inject,
  Logger,
  Module,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  Param,
  Post,
  Res,
  StreamableFile,
  createParamDecorator,
} from "@nestjs/common";
import { APP_FILTER, BaseExceptionFilter } from "@nestjs/core";
import { type ChatAgent, httpError, type Input, runTurn } from "./chat.js";
import { serverSentEvents } from "./server-sent-events.js";

const AGENT = Symbol("agent");

// Your authentication goes here. The user never chooses a thread_id: it is built from who they are.
const User = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
  return headers["x-user"] ?? "";
});

@Controller("chats")
class ChatController implements OnModuleDestroy, OnApplicationShutdown {
  readonly #shutdown = new AbortController();

  constructor(
    @Inject(PostgresSaver) private readonly saver: PostgresSaver,
    @Inject(AGENT) private readonly agent: ChatAgent,
  ) {}

  @Get()
  async list(@User() user: string) {
    const chats = [];
    for await (const thread of this.saver.listThreads({ labels: { user }, limit: 50 })) {
      chats.push({ id: thread.labels.conversation, updatedAt: thread.updatedAt, isWaiting: thread.isWaiting });
    }
    return chats;
  }

  @Get(":id")
  async show(@User() user: string, @Param("id") conversation: string) {
    const { values } = await this.agent.getState({ configurable: { thread_id: threadId({ user, conversation }) } });
    return (values.messages ?? []).map(({ id, type, text }: { id?: string; type: string; text: string }) => ({ id, type, text }));
  }

  @Delete(":id")
  @HttpCode(204)
  async remove(@User() user: string, @Param("id") conversation: string) {
    await this.saver.deleteThread(threadId({ user, conversation }));
  }

  @Post(":id/turns")
  @HttpCode(200)
  @Header("cache-control", "no-cache")
  @Header("connection", "close") // kept alive, the connection would hold up `close()` after the stream has ended
  async turn(
    @User() user: string,
    @Param("id") conversation: string,
    @Body() input: Input,
    @Res({ passthrough: true }) response: ServerResponse,
  ) {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const turn = { user, conversation, input, signal: gone.signal, shutdown: this.#shutdown.signal };
    const events = await serverSentEvents(runTurn(this.agent, this.saver, turn));
    return new StreamableFile(Readable.from(events, { objectMode: false }), { type: "text/event-stream" });
  }

  /** Nest waits for open requests after this, so the runs stop here and hand their leases over. */
  onModuleDestroy() {
    this.#shutdown.abort();
  }

  /** No request is open any more. */
  async onApplicationShutdown() {
    await this.saver.end();
  }
}

@Catch()
class ChatErrors extends BaseExceptionFilter {
  readonly #logger = new Logger("Chat");

  override catch(error: unknown, host: ArgumentsHost) {
    if (error instanceof HttpException) return super.catch(error, host);
    this.#logger.error(error);
    const { status, code } = httpError(error);
    if (status === 503) host.switchToHttp().getResponse<ServerResponse>().setHeader("retry-after", "5");
    return super.catch(new HttpException({ code }, status), host);
  }
}

@Module({})
class ChatModule {}

/** The module closes the saver. */
export const chatModule = (agent: ChatAgent, saver: PostgresSaver): DynamicModule => ({
  module: ChatModule,
  controllers: [ChatController],
  providers: [
    { provide: PostgresSaver, useValue: saver },
    { provide: AGENT, useValue: agent },
    { provide: APP_FILTER, useClass: ChatErrors },
  ],
});
