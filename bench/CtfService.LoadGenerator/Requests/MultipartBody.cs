using System.Buffers;
using System.Globalization;
using System.Text;

namespace CtfService.LoadGenerator.Requests;

/// <summary>A form with files, serialized once.</summary>
internal sealed class MultipartBody
{
    private const string Boundary = "ctf-load-generator-boundary";

    private readonly ArrayBufferWriter<byte> _body = new();

    public static string ContentType => $"multipart/form-data; boundary={Boundary}";

    public MultipartBody Field(string name, IFormattable value)
    {
        Write($"--{Boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value.ToString(null, CultureInfo.InvariantCulture)}\r\n");
        return this;
    }

    public MultipartBody Png(string name, byte[] file)
    {
        Write($"--{Boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}.png\"\r\nContent-Type: image/png\r\n\r\n");
        _body.Write(file);
        Write("\r\n");
        return this;
    }

    public byte[] ToArray()
    {
        Write($"--{Boundary}--\r\n");
        return _body.WrittenSpan.ToArray();
    }

    private void Write(string text) => _body.Write(Encoding.UTF8.GetBytes(text));
}
