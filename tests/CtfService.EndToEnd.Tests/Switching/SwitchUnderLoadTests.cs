using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using Xunit.Abstractions;

namespace CtfService.EndToEnd.Tests.Switching;

/// <summary>An operator goes back and forth between two models while clients ask: no request fails, no answer is mixed, and what was replaced leaves no tensors behind.</summary>
[Collection(SwitchedService.Name)]
public sealed class SwitchUnderLoadTests(SwitchedService service, ITestOutputHelper output)
{
    private const int Clients = 6;
    private const int Switches = 6;

    [Fact]
    public async Task Switch_ClientsAskAllTheTime_NoRequestFailsAndNoAnswerIsMixed()
    {
        ImageOrder[] orders = [.. Enum.GetValues<Route>().SelectMany(route => new[] { new ImageOrder(route, "banana", 1), new ImageOrder(route, "pineapple", 2), new ImageOrder(route, "kiwi", 3) })];
        var template = Draw(TwoBundles.Shipped, generator => generator.Generate([new ImageSpecification(7, 99, new SamplingSettings(), new SamplingSettings())], CancellationToken.None)[0]);
        ModelImages[] models = [.. new[] { TwoBundles.Shipped, TwoBundles.Reversed }.Select(bundle => Draw(bundle, generator => ModelImages.Draw(generator, orders, template)))];
        Assert.All(orders.Where(order => order.Route is not (Route.Redetail or Route.Variation)), order => Assert.True(Difference(models[0].Images[order][0], models[1].Images[order][0]) > 8, $"{order}"));
        Assert.All(orders, order => Assert.False(models[0].Images[order][0].Pixels.SequenceEqual(models[1].Images[order][0].Pixels), $"{order}"));

        using var stop = new CancellationTokenSource();
        var answers = new AnswerLog();
        var clients = Enumerable.Range(0, Clients).Select(number => Task.Run(() => AskOn(new SwitchClient(service.Client, models, template), orders, number, answers, stop.Token))).ToList();
        var failed = Task.WhenAny(clients).Unwrap();
        var switches = new List<double>();
        for (var i = 0; i < Switches; i++)
        {
            await await Task.WhenAny(answers.More(orders.Length), failed); // the load goes on, and what a client found wrong is thrown here
            var made = await service.SwitchTo(i % 2 == 0 ? TwoBundles.Reversed : TwoBundles.Shipped);
            switches.Add(made.GetProperty("timings").GetProperty("switch_ms").GetDouble());
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        output.WriteLine($"{answers.All.Count} answers, {answers.All.Count(answer => answer.Model == TwoBundles.Reversed)} of them by {TwoBundles.Reversed}; switches took {string.Join(", ", switches.Select(time => $"{time:0}"))} ms.");
        output.WriteLine($"Answers took {answers.All.Max(answer => answer.Time).TotalMilliseconds:0} ms at most, {answers.All.Select(answer => answer.Time.TotalMilliseconds).Order().ElementAt(answers.All.Count / 2):0} ms in the middle.");
        foreach (var route in Enum.GetValues<Route>())
        {
            Assert.Equal(2, answers.All.Where(answer => answer.Order.Route == route).Select(answer => answer.Model).Distinct().Count()); // each was answered by both
        }
    }

    [Fact]
    public async Task Switch_ManyTimes_LeavesNoTensors()
    {
        for (var i = 0; i < 4; i++)
        {
            await service.SwitchTo(i % 2 == 0 ? TwoBundles.Reversed : TwoBundles.Shipped);
            using var response = await service.Client.PostAsync(new Uri("/v1/images/generations", UriKind.Relative), WatchedService.Json("""{"class_label": "banana", "n": 8}"""));
            Assert.True(response.IsSuccessStatusCode);
        }

        var left = await service.Drained;
        Assert.True(left.Length >= 4);
        Assert.All(left, tensors => Assert.Equal(0, tensors));
    }

    private static async Task AskOn(SwitchClient client, ImageOrder[] orders, int number, AnswerLog answers, CancellationToken stop)
    {
        for (var i = number; !stop.IsCancellationRequested; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var model = await client.Ask(orders[i % orders.Length]);
            answers.Add(orders[i % orders.Length], model, Stopwatch.GetElapsedTime(started));
        }
    }

    private T Draw<T>(string bundle, Func<IImageGenerator, T> draw)
    {
        using var generator = new CtfImageGeneratorFactory(service.Folder(bundle)).Load(CancellationToken.None);
        return draw(generator);
    }

    /// <summary>Mean absolute difference of the pixels.</summary>
    private static double Difference(RgbImage left, RgbImage right) => left.Pixels.Zip(right.Pixels, (a, b) => Math.Abs(a - b)).Average();
}
