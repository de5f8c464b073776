using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.EndToEnd.Tests.Switching;

/// <summary>How a client requests images and receives them.</summary>
internal enum Route
{
    /// <summary>Several images inside JSON.</summary>
    Json,

    /// <summary>One image as a PNG file.</summary>
    File,

    /// <summary>Several images on a contact sheet, as a PNG file.</summary>
    Sheet,

    /// <summary>Several images with previews, as events.</summary>
    Stream,

    /// <summary>New details in a given layout.</summary>
    Redetail,

    /// <summary>New details in the layout of an uploaded picture.</summary>
    Variation,
}

/// <summary>One request of a client.</summary>
internal sealed record ImageOrder(Route Route, string Label, ulong Seed)
{
    public int Count => Route switch
    {
        Route.File => 1,
        Route.Sheet => 4,
        Route.Json => 3,
        _ => 2,
    };

    /// <summary>The images that a model must draw for it.</summary>
    /// <param name="template">Supplies the layout of redetail requests and the picture of variations.</param>
    public IEnumerable<ImageSpecification> Specifications(ModelDescription model, GeneratedImage template)
    {
        var layout = Route switch
        {
            Route.Redetail => new LayoutSource.Given(template.CoarseLabels),
            Route.Variation => new LayoutSource.Encoded(template.Image),
            _ => LayoutSource.Drawn,
        };
        return Enumerable.Range(0, Count)
            .Select(place => ImageSeed.Derive(Seed, place))
            .Select(seed => new ImageSpecification(model.Classes.Find(Label)!.Id, seed, model.DefaultCoarse, model.DefaultFine) { Layout = layout });
    }
}

/// <summary>The images that one model draws for every order, generated without the service.</summary>
internal sealed record ModelImages(ModelDescription Model, IReadOnlyDictionary<ImageOrder, IReadOnlyList<RgbImage>> Images)
{
    public static ModelImages Draw(IImageGenerator generator, IReadOnlyList<ImageOrder> orders, GeneratedImage template) => new(
        generator.Model,
        orders.ToDictionary(
            order => order,
            IReadOnlyList<RgbImage> (order) =>
            [
                .. generator.Generate([.. order.Specifications(generator.Model, template)], CancellationToken.None).Select(drawn => drawn.Image),
            ]));
}
