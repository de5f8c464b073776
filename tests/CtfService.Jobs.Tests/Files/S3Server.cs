using System.Collections.Concurrent;
using System.Collections.Specialized;
using System.Globalization;
using System.Net;
using System.Text;
using System.Web;
using System.Xml.Linq;

namespace CtfService.Jobs.Tests.Files;

/// <summary>
/// A stand-in for an S3-compatible storage: objects, ranges, lists in pages, uploads in parts and conditional writes of one bucket, in memory.
/// </summary>
internal sealed class S3Server : IDisposable
{
    public const string Bucket = "ctf-jobs";

    /// <summary>Objects of a page of a list, so that tests see several pages.</summary>
    private const int Page = 5;

    /// <summary>With a hyphen, as of an upload in parts; another one must be the MD5 of the content.</summary>
    private const string ETag = "\"00-1\"";

    private static readonly XNamespace Xml = "http://s3.amazonaws.com/doc/2006-03-01/";

    private readonly HttpListener _listener = new();
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<int, byte[]>> _uploads = [];

    public S3Server()
    {
        using (var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
        }

        _listener.Prefixes.Add($"{Address}/");
        _listener.Start();
        _ = ServeAsync();
    }

    public string Address { get; }

    /// <summary>False for a storage that answers conditional writes with 501.</summary>
    public bool KnowsConditions { get; set; } = true;

    /// <summary>Errors that the next requests get, in order: status and code.</summary>
    public ConcurrentQueue<(int Status, string Code)> Errors { get; } = new();

    /// <summary>Method and path of each request.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public int LargestBody { get; private set; }

    public int OpenUploads
    {
        get
        {
            lock (_gate)
            {
                return _uploads.Count;
            }
        }
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                _ = Task.Run(() => AnswerAsync(context));
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using var response = context.Response;
        try
        {
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            LargestBody = Math.Max(LargestBody, (int)body.Length);
            Requests.Enqueue($"{context.Request.HttpMethod} {context.Request.Url!.PathAndQuery}");
            lock (_gate)
            {
                Answer(context.Request, body.ToArray(), response);
            }
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException or IOException)
        {
            // The client is gone, or the test is over.
        }
    }

    private void Answer(HttpListenerRequest request, byte[] body, HttpListenerResponse response)
    {
        var path = request.Url!.AbsolutePath.Split('/', 3);
        var key = path.Length > 2 ? Uri.UnescapeDataString(path[2]) : "";
        var query = HttpUtility.ParseQueryString(request.Url.Query);
        var isConditional = request.Headers["If-None-Match"] == "*";
        if (Errors.TryDequeue(out var error))
        {
            Fail(response, error.Status, error.Code);
        }
        else if (path[1] != Bucket)
        {
            Fail(response, 404, "NoSuchBucket");
        }
        else if (isConditional && !KnowsConditions)
        {
            Fail(response, 501, "NotImplemented");
        }
        else if (isConditional && _objects.ContainsKey(key))
        {
            Fail(response, 412, "PreconditionFailed");
        }
        else
        {
            Serve(request, key, query, body, response);
        }
    }

    private void Serve(HttpListenerRequest request, string key, NameValueCollection query, byte[] body, HttpListenerResponse response)
    {
        var upload = query["uploadId"];
        switch (request.HttpMethod)
        {
            case "GET" when key.Length == 0:
                Write(response, List(query["prefix"] ?? "", query["continuation-token"]));
                break;
            case "GET" or "HEAD":
                Send(request, key, response);
                break;
            case "POST" when upload is null:
                _uploads[upload = $"upload-{Requests.Count}"] = [];
                Write(response, new XElement(Xml + "InitiateMultipartUploadResult", new XElement(Xml + "UploadId", upload)));
                break;
            case "POST":
                _objects[key] = [.. _uploads[upload].Values.SelectMany(part => part)];
                _uploads.Remove(upload);
                Write(response, new XElement(Xml + "CompleteMultipartUploadResult", new XElement(Xml + "Key", key)));
                break;
            case "PUT":
                response.Headers["ETag"] = ETag;
                if (upload is null)
                {
                    _objects[key] = body;
                }
                else
                {
                    _uploads[upload][int.Parse(query["partNumber"]!, CultureInfo.InvariantCulture)] = body;
                }

                break;
            case "DELETE" when upload is not null:
                _uploads.Remove(upload);
                response.StatusCode = 204;
                break;
            default:
                _objects.Remove(key);
                response.StatusCode = 204;
                break;
        }
    }

    private void Send(HttpListenerRequest request, string key, HttpListenerResponse response)
    {
        if (!_objects.TryGetValue(key, out var content))
        {
            Fail(response, 404, "NoSuchKey");
            return;
        }

        if (request.Headers["Range"] is { } range)
        {
            var ends = range["bytes=".Length..].Split('-');
            var first = long.Parse(ends[0], CultureInfo.InvariantCulture);
            var last = ends[1].Length == 0 ? content.Length - 1 : Math.Min(long.Parse(ends[1], CultureInfo.InvariantCulture), content.Length - 1);
            if (first >= content.Length)
            {
                Fail(response, 416, "InvalidRange");
                return;
            }

            response.StatusCode = 206;
            response.Headers["Content-Range"] = $"bytes {first}-{last}/{content.Length}";
            content = content[(int)first..(int)(last + 1)];
        }

        response.Headers["ETag"] = ETag;
        response.Headers["Last-Modified"] = "Fri, 02 Jan 2026 03:04:05 GMT";
        response.ContentLength64 = content.Length;
        if (request.HttpMethod == "GET")
        {
            response.OutputStream.Write(content);
        }
    }

    private XElement List(string prefix, string? after)
    {
        var found = _objects.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(entry.Key, after) > 0).ToList();
        return new XElement(
            Xml + "ListBucketResult",
            new XElement(Xml + "IsTruncated", found.Count > Page),
            found.Count > Page ? new XElement(Xml + "NextContinuationToken", found[Page - 1].Key) : null,
            found.Take(Page).Select(entry => new XElement(
                Xml + "Contents",
                new XElement(Xml + "Key", entry.Key),
                new XElement(Xml + "Size", entry.Value.Length),
                new XElement(Xml + "LastModified", "2026-01-02T03:04:05.000Z"))));
    }

    private static void Fail(HttpListenerResponse response, int status, string code)
    {
        response.StatusCode = status;
        Write(response, new XElement("Error", new XElement("Code", code), new XElement("Message", "The stand-in refuses.")));
    }

    private static void Write(HttpListenerResponse response, XElement xml)
    {
        response.ContentType = "application/xml";
        response.OutputStream.Write(Encoding.UTF8.GetBytes(xml.ToString()));
    }
}
