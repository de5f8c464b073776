using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;
using CtfService.Trials.Replay;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>replay</c>: the same requests alone, together, in another order, under load, in other processes and on every vector width.</summary>
internal static class ReplayTrial
{
    private const int Callers = 12;

    /// <summary>.NET's switches that leave the engine with narrower vectors. libtorch, which encodes pictures, keeps its own.</summary>
    private static readonly (string Name, string? Switch)[] Widths = [("widest", null), ("256 bits", "DOTNET_EnableAVX512"), ("128 bits", "DOTNET_EnableAVX2")];

    private const int ShortCount = 20;

    private static readonly Option<int> Count = TrialOptions.Of("requests", 500, "Number of requests.");

    private static readonly Option<string[]> Types = TrialOptions.Of("dtype", new[] { "float32", "int8" }, "Values of Model:Dtype to try.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "replay", "Requests alone, together, in another order, under load, in other processes, on every vector width: same tokens, same bytes on a width.",
            Count, Types, TrialOptions.Short);
        Types.AllowMultipleArgumentsPerToken = true;
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var report = new TrialReport("replay");
        var isShort = arguments.GetValue(TrialOptions.Short);
        foreach (var type in isShort ? arguments.GetValue(Types)!.Take(1) : arguments.GetValue(Types)!)
        {
            await new Replays(build, folder, type, isShort ? ShortCount : arguments.GetValue(Count), report, cancellation).RunAsync(isShort ? 1 : 2);
        }

        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    private sealed class Replays(ServiceBuild build, TrialFolder folder, string type, int count, TrialReport report, CancellationToken cancellation)
    {
        private IReadOnlyList<ReplayRequest> _requests = [];
        private List<ReplayAnswer> _alone = [];

        /// <param name="processes">Processes of each width.</param>
        public async Task RunAsync(int processes)
        {
            foreach (var (name, narrow) in Widths)
            {
                IReadOnlyList<ReplayAnswer>? first = null;
                for (var process = 1; process <= processes; process++)
                {
                    first = await ReplayAsync($"{name}, process {process}", narrow, first);
                }
            }
        }

        /// <summary>Sends all requests to a new process, in several ways.</summary>
        /// <param name="narrow">The switch of a narrower width; null for the widest.</param>
        /// <param name="first">The answers of the first process of this width; null if this is the first.</param>
        /// <returns>The answers of the first process of this width.</returns>
        private async Task<IReadOnlyList<ReplayAnswer>> ReplayAsync(string name, string? narrow, IReadOnlyList<ReplayAnswer>? first)
        {
            using var service = await StartAsync(name, narrow);
            if (_alone.Count == 0)
            {
                first = await AloneAsync(service.Client);
            }
            else if (first is null)
            {
                first = await TogetherAsync(service.Client, shuffleSeed: 1);
                Compare($"{name}, beside the widest", _alone, first, bytes: false);
            }

            Compare($"{name}, together", first, await TogetherAsync(service.Client, shuffleSeed: null), bytes: true);
            Compare($"{name}, another order, under load", first, await UnderLoadAsync(service.Client), bytes: true);
            await service.StopAsync();
            return first;
        }

        private async Task<ServiceInstance> StartAsync(string name, string? narrow)
        {
            var service = new ServiceInstance(build, $"{type} {name}", folder.File("logs"), $"--Model:Dtype={type}", "--Jobs:Enabled=false")
            {
                Environment = narrow is null ? [] : new() { [narrow] = "0" },
            };
            await service.StartReadyAsync(cancellation);
            return service;
        }

        private async Task<IReadOnlyList<ReplayAnswer>> AloneAsync(HttpClient service)
        {
            _requests = new ReplayPlan(seed: 2026).Requests(count, await LayoutAsync(service));
            var answers = new List<ReplayAnswer>();
            foreach (var request in _requests)
            {
                answers.Add(await ReplayAnswer.GetAsync(service, request, cancellation));
            }

            return _alone = answers;
        }

        /// <param name="shuffleSeed">Null to send them in their order.</param>
        private async Task<IReadOnlyList<ReplayAnswer>> TogetherAsync(HttpClient service, int? shuffleSeed)
        {
            int[] order = [.. Enumerable.Range(0, _requests.Count)];
            if (shuffleSeed is { } seed)
            {
                new Random(seed).Shuffle(order);
            }

            var answers = new ReplayAnswer[_requests.Count];
            await Parallel.ForEachAsync(
                order,
                new ParallelOptions { MaxDegreeOfParallelism = Callers, CancellationToken = cancellation },
                async (place, stop) => answers[place] = await ReplayAnswer.GetAsync(service, _requests[place], stop));
            return answers;
        }

        private async Task<IReadOnlyList<ReplayAnswer>> UnderLoadAsync(HttpClient service)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var others = Enumerable.Range(0, Callers / 2).Select(caller => LoadAsync(service, new Random(caller), stop.Token)).ToList();
            try
            {
                return await TogetherAsync(service, shuffleSeed: 2);
            }
            finally
            {
                await stop.CancelAsync();
                await Task.WhenAll(others);
            }
        }

        /// <summary>Sends other requests, and hangs up on a third of them.</summary>
        private static async Task LoadAsync(HttpClient service, Random random, CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
                patience.CancelAfter(random.Next(3) == 0 ? TimeSpan.FromMilliseconds(random.Next(1, 80)) : TimeSpan.FromMinutes(1));
                try
                {
                    await new ImageRequest(random.Next(24), (ulong)random.NextInt64()).SendAsync(service, patience.Token);
                }
                catch (OperationCanceledException)
                {
                    // hung up
                }
            }
        }

        private async Task<IReadOnlyList<int>> LayoutAsync(HttpClient service)
        {
            var request = new ReplayRequest("generations", new JsonObject { ["class_label"] = 0, ["seed"] = 1 });
            using var response = await service.SendAsync(request.ToMessage(), cancellation);
            response.EnsureSuccessStatusCode();
            using var body = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
            return [.. body.RootElement.GetProperty("data")[0].GetProperty("layout").EnumerateArray().Select(label => label.GetInt32())];
        }

        private void Compare(string what, IReadOnlyList<ReplayAnswer> expected, IReadOnlyList<ReplayAnswer> answers, bool bytes)
        {
            var wrong = Enumerable.Range(0, answers.Count).Where(place => answers[place].Tokens != expected[place].Tokens).ToList();
            var example = wrong.Count == 0 ? "" : $", such as {_requests[wrong[0]]}";
            report.Require($"{type}, {what}: other tokens", $"{wrong.Count} of {answers.Count}{example}", $"none", wrong.Count == 0);
            var other = answers.Zip(expected).Count(pair => pair.First.Files != pair.Second.Files);
            if (bytes)
            {
                report.Require($"{type}, {what}: other bytes", $"{other} of {answers.Count}", $"none", other == 0);
            }
            else
            {
                report.Measure($"{type}, {what}: other bytes than on the widest", $"{other} of {answers.Count}");
            }
        }
    }
}
