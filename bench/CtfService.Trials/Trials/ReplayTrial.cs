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
    private static readonly Dictionary<int, string> Switches = new() { [256] = "DOTNET_EnableAVX512", [128] = "DOTNET_EnableAVX2" };

    /// <summary>Without AVX2 there is no fused multiply-add either, and everything takes ten times as long.</summary>
    private const int SlowBits = 128;

    private const int ShortCount = 20;

    private const int ShortSlowCount = 5;

    private static readonly Option<int[]> Narrow = TrialOptions.Of("narrow", Switches.Keys.ToArray(), "Narrower vectors to try, bits.");

    private static readonly Option<int> SlowCount = TrialOptions.Of("slow-requests", 500, "Requests with 128 bits, where they take ten times as long.");

    private static readonly Option<int> Count = TrialOptions.Of("requests", 500, "Number of requests.");

    private static readonly Option<string[]> Types = TrialOptions.Of("dtype", new[] { "float32", "int8" }, "Values of Model:Dtype to try.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "replay", "Requests alone, together, in another order, under load, in other processes, on every vector width: the same tokens and bytes.",
            Count, SlowCount, Types, Narrow, TrialOptions.Short);
        Types.AllowMultipleArgumentsPerToken = true;
        Narrow.AllowMultipleArgumentsPerToken = true;
        Narrow.AcceptOnlyFromAmong([.. Switches.Keys.Select(bits => $"{bits}")]);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var report = new TrialReport("replay");
        var isShort = arguments.GetValue(TrialOptions.Short);
        var (count, slowCount) = isShort ? (ShortCount, ShortSlowCount) : (arguments.GetValue(Count), arguments.GetValue(SlowCount));
        foreach (var type in isShort ? arguments.GetValue(Types)!.Take(1) : arguments.GetValue(Types)!)
        {
            await new Replays(build, folder, type, count, report, cancellation).RunAsync(arguments.GetValue(Narrow)!, isShort ? 1 : 2, slowCount);
        }

        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    private sealed class Replays(ServiceBuild build, TrialFolder folder, string type, int count, TrialReport report, CancellationToken cancellation)
    {
        private IReadOnlyList<ReplayRequest> _requests = [];
        private List<ReplayAnswer> _alone = [];

        /// <param name="narrow">Narrower vectors than the widest, bits.</param>
        /// <param name="processes">Processes of each width.</param>
        /// <param name="slowCount">Number of requests where they take long.</param>
        public async Task RunAsync(IReadOnlyList<int> narrow, int processes, int slowCount)
        {
            await ReplayAsync("widest", null, processes);
            foreach (var bits in narrow.Where(bits => bits != SlowBits))
            {
                await ReplayAsync($"{bits} bits", Switches[bits], processes);
            }

            if (narrow.Contains(SlowBits))
            {
                using var service = await StartAsync($"{SlowBits} bits", Switches[SlowBits]);
                Compare($"{SlowBits} bits, together", await TogetherAsync(service.Client, shuffleSeed: null, slowCount));
                await service.StopAsync();
            }
        }

        /// <summary>Sends all requests to new processes, in several ways.</summary>
        /// <param name="narrow">The switch of a narrower width; null for the widest.</param>
        private async Task ReplayAsync(string name, string? narrow, int processes)
        {
            for (var process = 1; process <= processes; process++)
            {
                using var service = await StartAsync($"{name}, process {process}", narrow);
                if (_alone.Count == 0)
                {
                    _alone = await AloneAsync(service.Client);
                }

                Compare($"{name}, process {process}, together", await TogetherAsync(service.Client, shuffleSeed: null));
                Compare($"{name}, process {process}, another order, under load", await UnderLoadAsync(service.Client));
                await service.StopAsync();
            }
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

        private async Task<List<ReplayAnswer>> AloneAsync(HttpClient service)
        {
            _requests = new ReplayPlan(seed: 2026).Requests(count, await LayoutAsync(service));
            var answers = new List<ReplayAnswer>();
            foreach (var request in _requests)
            {
                answers.Add(await ReplayAnswer.GetAsync(service, request, cancellation));
            }

            return answers;
        }

        /// <param name="shuffleSeed">Null to send them in their order.</param>
        /// <param name="most">Sends the first of them only, if there are more.</param>
        private async Task<IReadOnlyList<ReplayAnswer>> TogetherAsync(HttpClient service, int? shuffleSeed, int most = int.MaxValue)
        {
            int[] order = [.. Enumerable.Range(0, Math.Min(_requests.Count, most))];
            if (shuffleSeed is { } seed)
            {
                new Random(seed).Shuffle(order);
            }

            var answers = new ReplayAnswer[order.Length];
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

        /// <summary>Compares answers with those to the same requests alone, in the first process.</summary>
        private void Compare(string what, IReadOnlyList<ReplayAnswer> answers)
        {
            var wrong = Enumerable.Range(0, answers.Count).Where(place => answers[place].Tokens != _alone[place].Tokens).ToList();
            var example = wrong.Count == 0 ? "" : $", such as {_requests[wrong[0]]}";
            report.Require($"{type}, {what}: other tokens", $"{wrong.Count} of {answers.Count}{example}", $"none", wrong.Count == 0);
            var other = answers.Zip(_alone).Count(pair => pair.First.Files != pair.Second.Files);
            report.Require($"{type}, {what}: other bytes", $"{other} of {answers.Count}", $"none", other == 0);
        }
    }
}
