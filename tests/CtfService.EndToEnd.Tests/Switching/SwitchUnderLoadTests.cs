using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using Xunit.Abstractions;

namespace CtfService.EndToEnd.Tests.Switching;

/// <summary>
/// Switches between two models under load: no request fails, no response mixes the two models, and a replaced model leaves no tensors behind.
/// </summary>
[Collection(SwitchedService.Name)]
public sealed class SwitchUnderLoadTests(SwitchedService service, ITestOutputHelper output)
{
    private const int Clients = 6;
    private const int Switches = 6;

    [Fact]
    public async Task Switch_UnderConstantLoad_NoRequestFailsAndNoResponseMixesModels()
    {
        ImageOrder[] orders = [.. Enum.GetValues<Route>().SelectMany(
            route => new[] { new ImageOrder(route, "banana", 5), new ImageOrder(route, "pineapple", 2), new ImageOrder(route, "kiwi", 3) })];
        var anyImage = new ImageSpecification(7, 99, new SamplingSettings(), new SamplingSettings());
        var template = Draw(TwoBundles.Shipped, generator => generator.Generate([anyImage], CancellationToken.None)[0]);
        string[] bundles = [TwoBundles.Shipped, TwoBundles.Reversed];
        ModelImages[] models = [.. bundles.Select(bundle => Draw(bundle, generator => ModelImages.Draw(generator, orders, template)))];
        Assert.All(
            orders.Where(order => order.Route is not (Route.Redetail or Route.Variation)),
            order => Assert.True(Difference(models[0].Images[order][0], models[1].Images[order][0]) > 8, $"{order}"));
        Assert.All(orders, order => Assert.False(models[0].Images[order][0].Pixels.SequenceEqual(models[1].Images[order][0].Pixels), $"{order}"));

        using var stop = new CancellationTokenSource();
        var answers = new AnswerLog();
        var clients = Enumerable.Range(0, Clients)
            .Select(number => Task.Run(() => AskOn(new SwitchClient(service.Client, models, template), orders, number, answers, stop.Token)))
            .ToList();
        var failed = Task.WhenAny(clients).Unwrap();
        var switches = new List<double>();
        for (var i = 0; i < Switches; i++)
        {
            await await Task.WhenAny(answers.More(orders.Length), failed); // the load continues; a client's failed check is thrown here
            var made = await service.SwitchTo(i % 2 == 0 ? TwoBundles.Reversed : TwoBundles.Shipped);
            switches.Add(made.GetProperty("timings").GetProperty("switch_ms").GetDouble());
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        var ofReversed = answers.All.Count(answer => answer.Model == TwoBundles.Reversed);
        List<double> times = [.. answers.All.Select(answer => answer.Time.TotalMilliseconds).Order()];
        output.WriteLine($"{answers.All.Count} responses, {ofReversed} of them by {TwoBundles.Reversed}.");
        output.WriteLine($"Switches took {string.Join(", ", switches.Select(time => $"{time:0}"))} ms.");
        output.WriteLine($"Responses took {times[times.Count / 2]:0} ms (median), {times[^1]:0} ms at most.");
        foreach (var route in Enum.GetValues<Route>())
        {
            var served = answers.All.Where(answer => answer.Order.Route == route).Select(answer => answer.Model);
            Assert.Equal(2, served.Distinct().Count()); // both models served the route
        }
    }

    [Fact]
    public async Task Switch_ManyTimes_LeavesNoTensors()
    {
        for (var i = 0; i < 4; i++)
        {
            await service.SwitchTo(i % 2 == 0 ? TwoBundles.Reversed : TwoBundles.Shipped);
            using var response = await service.Client.PostAsync(
                new Uri("/v1/images/generations", UriKind.Relative), WatchedService.Json("""{"class_label": "banana", "n": 8}"""));
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
        using var generator = new CtfImageGeneratorFactory(
            service.Folder(bundle), () => ModelPlacement.Parse("cpu", FixedElementType.Name)).Load(CancellationToken.None);
        return draw(generator);
    }

    /// <summary>Mean absolute difference of the pixels.</summary>
    private static double Difference(RgbImage left, RgbImage right) => left.Pixels.Zip(right.Pixels, (a, b) => Math.Abs(a - b)).Average();
}
