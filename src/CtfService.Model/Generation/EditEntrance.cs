using System.Runtime.InteropServices;
using CtfService.Core.Generation;
using CtfService.Model.Stages;

namespace CtfService.Model.Generation;

/// <summary>
/// Images whose picture is encoded before the coarse stage draws a part of their labels. Rows are promised to them on admission. If the coarse stage gives up
/// free rows meanwhile, they wait until enough are free again. Call from the device thread only.
/// </summary>
internal sealed class EditEntrance
{
    private readonly List<RunningImage> _promised = []; // encoded or not, in the order of admission
    private readonly ImageLine _encoded = new();

    /// <summary>The rows promised.</summary>
    public int Rows => RowsOf(ImagePriority.Bulk);

    /// <summary>Returns the rows promised to images of at least this priority.</summary>
    public int RowsOf(ImagePriority lowest)
    {
        var rows = 0;
        foreach (var image in CollectionsMarshal.AsSpan(_promised))
        {
            rows += image.Priority <= lowest ? image.Specification.Rows : 0;
        }

        return rows;
    }

    public void Promise(RunningImage image) => _promised.Add(image);

    /// <summary>Adds an image whose kept tokens are known.</summary>
    public void AddEncoded(RunningImage image) => _encoded.Add(image);

    /// <summary>Moves the encoded images of at least this priority into the coarse stage, as many as fit.</summary>
    public void EnterInto(ICoarseStage coarse, ImagePriority lowest)
    {
        while (_encoded.CountOf(lowest) > 0 && _encoded.All[0] is var image && image.Specification.Rows <= coarse.FreeRows)
        {
            coarse.Add(image);
            Remove(image.Id);
        }
    }

    /// <summary>Returns true if encoded images of at least this priority did not fit.</summary>
    public bool WaitForRows(ImagePriority lowest) => _encoded.CountOf(lowest) > 0;

    /// <summary>Removes an image. Does nothing if it is not here.</summary>
    public void Remove(long id)
    {
        _promised.RemoveAll(image => image.Id == id);
        _encoded.Remove(id);
    }
}
